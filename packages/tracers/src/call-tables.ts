import { COMPAT, type SyscallNames } from "./syscalls/kernel-names.ts";

/** `CALL_LIMIT` and `ARGUMENT_NONE` of kernel/call-table.h. */
const CALL_LIMIT = 512;
export const ARGUMENT_NONE = 0xff;

/** What a kernel half has to know of each system call that it looks at, by number. */
export interface CallTables<Call> {
  readonly calls: Call[];
  /** Those of the 32-bit interface. */
  readonly compatCalls: Call[];
}

/** @param calls by name; those that this architecture has not are left out */
export function callTables<Call>(
  names: SyscallNames,
  calls: Readonly<Record<string, Call>>,
  notLookedAt: Call,
): CallTables<Call> {
  const tables = {
    calls: new Array<Call>(CALL_LIMIT).fill(notLookedAt),
    compatCalls: new Array<Call>(CALL_LIMIT).fill(notLookedAt),
  };
  for (const [name, call] of Object.entries(calls)) {
    for (const id of names.ids(name)) {
      const number = id & ~COMPAT;
      // Those of the x32 ABI come after all others, and nobody makes them.
      if (number < CALL_LIMIT) (id === number ? tables.calls : tables.compatCalls)[number] = call;
    }
  }
  return tables;
}

import { type CallTables, callTables, ARGUMENT_NONE as NONE } from "../call-tables.ts";
import type { SyscallNames } from "../syscalls/kernel-names.ts";

/** `CALL_*` of requests.bpf.c. */
const CallKind = {
  flat: 1,
  vector: 2,
  message: 3,
  messages: 4,
  sendfile: 5,
  splice: 6,
  close: 7,
  shutdown: 8,
  ioUring: 9,
  socketcall: 10,
} as const;

/** `RECEIVED` and `SENT` of payload.h. */
const RECEIVED = 0;
const SENT = 1;

/** A system call that is looked at, as the kernel half has it: `struct call` of requests.bpf.c. */
export interface RequestCall {
  readonly kind: number;
  readonly direction: number;
  /** Number of the argument with MSG_*, and of the one with the peer's address. */
  readonly flags: number;
  readonly name: number;
}

const notLookedAt: RequestCall = { kind: 0, direction: RECEIVED, flags: NONE, name: NONE };

function call(kind: number, direction: number, flags: number = NONE, name: number = NONE): RequestCall {
  return { kind, direction, flags, name };
}

const requestCalls: Readonly<Record<string, RequestCall>> = {
  read: call(CallKind.flat, RECEIVED),
  recv: call(CallKind.flat, RECEIVED, 3),
  recvfrom: call(CallKind.flat, RECEIVED, 3, 4),
  readv: call(CallKind.vector, RECEIVED),
  preadv2: call(CallKind.vector, RECEIVED),
  recvmsg: call(CallKind.message, RECEIVED, 2),
  recvmmsg: call(CallKind.messages, RECEIVED, 3),
  recvmmsg_time64: call(CallKind.messages, RECEIVED, 3),
  write: call(CallKind.flat, SENT),
  send: call(CallKind.flat, SENT, 3),
  sendto: call(CallKind.flat, SENT, 3, 4),
  writev: call(CallKind.vector, SENT),
  pwritev2: call(CallKind.vector, SENT),
  sendmsg: call(CallKind.message, SENT, 2),
  sendmmsg: call(CallKind.messages, SENT, 3),
  sendfile: call(CallKind.sendfile, SENT),
  sendfile64: call(CallKind.sendfile, SENT),
  // From a socket, or to one: the kernel half finds out.
  splice: call(CallKind.splice, RECEIVED),
  close: call(CallKind.close, SENT),
  shutdown: call(CallKind.shutdown, SENT),
  io_uring_enter: call(CallKind.ioUring, SENT),
  socketcall: call(CallKind.socketcall, SENT),
};

export function requestCallTables(names: SyscallNames): CallTables<RequestCall> {
  return callTables(names, requestCalls, notLookedAt);
}

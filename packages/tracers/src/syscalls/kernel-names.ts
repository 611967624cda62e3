import { kernelNames } from "./kernel-names.generated.ts";

/** Bit in the id of a call of the 32-bit interface: `SYSCALL_COMPAT` of kernel/syscall.h. */
export const COMPAT = 1024;
/** In place of the number in the id of a call that cannot be one: `SYSCALL_UNKNOWN` of kernel/syscall.h. */
export const UNKNOWN = 1023;

/** Names that the kernel keeps to itself (include/linux/errno.h). A tracer sees them at the end of a call all the same. */
const INTERNAL_ERRORS: readonly (readonly [number, string])[] = [
  [512, "ERESTARTSYS"],
  [513, "ERESTARTNOINTR"],
  [514, "ERESTARTNOHAND"],
  [515, "ENOIOCTLCMD"],
  [516, "ERESTART_RESTARTBLOCK"],
  [524, "ENOTSUPP"],
];

const errors = new Map([...parseNames(kernelNames.errors), ...INTERNAL_ERRORS]);

/** `ENOENT` of 2; `errno_600` of a number without a name. */
export function errorName(errno: number): string {
  return errors.get(errno) ?? `errno_${errno}`;
}

/** The system calls of one architecture, both interfaces of it, by the ids of kernel/syscall.h. */
export class SyscallNames {
  readonly #names: ReadonlyMap<number, string>;
  readonly #ids = new Map<string, number[]>();

  constructor(architecture: "x64" | "arm64") {
    const native = parseNames(kernelNames[architecture]);
    const compat = parseNames(kernelNames[`${architecture}Compat`]);
    this.#names = new Map([
      ...native,
      ...Array.from(compat, ([number, name]): [number, string] => [number | COMPAT, name]),
    ]);
    for (const [id, name] of this.#names) {
      const ids = this.#ids.get(name);
      if (ids === undefined) this.#ids.set(name, [id]);
      else ids.push(id);
    }
  }

  /** Those of this machine. */
  static ofMachine(): SyscallNames {
    return new SyscallNames(process.arch === "arm64" ? "arm64" : "x64");
  }

  /** `openat`; `syscall_512` of a number without a name, `unknown` where the number is not known itself. */
  name(id: number): string {
    const number = id & ~COMPAT;
    return this.#names.get(id) ?? (number === UNKNOWN ? "unknown" : `syscall_${number}`);
  }

  /** Ids of the calls with this name: one, or one for each interface and ABI. */
  ids(name: string): readonly number[] {
    return this.#ids.get(name) ?? [];
  }

  /** All names, each once. */
  all(): Set<string> {
    return new Set(this.#ids.keys());
  }
}

/** Text of kernel-names.generated.ts: names in the order of their numbers, and numbers where some are left out. */
function parseNames(text: string): Map<number, string> {
  const names = new Map<number, string>();
  let next = 0;
  for (const word of text.trim().split(/\s+/)) {
    if (/^\d+$/.test(word)) next = Number(word);
    else names.set(next++, word);
  }
  return names;
}

/**
 * What went wrong, as a word a program can switch on.
 *
 * - `format`: bytes that are not a valid ELF, BTF, or BPF object
 * - `not-permitted`: the kernel said EPERM or EACCES
 * - `not-supported`: this kernel does not have the feature
 * - `not-found`: no such map, program, symbol, process, tracepoint ...
 * - `invalid-argument`: the caller's value is out of range or of the wrong shape
 * - `verifier`: the kernel's verifier refused a program (see {@link VerifierError})
 * - `relocation`: an instruction could not be linked or relocated
 * - `system`: any other failed system call
 */
export type BpfErrorCode =
  | "format"
  | "not-permitted"
  | "not-supported"
  | "not-found"
  | "invalid-argument"
  | "verifier"
  | "relocation"
  | "system";

/** What is known of a failure beyond its message. */
export interface BpfErrorDetails {
  /** The system call (and command) that failed, such as `bpf(BPF_PROG_LOAD)`. */
  readonly syscall?: string;
  /** Positive errno of the failed call. */
  readonly errno?: number;
  /** Symbolic errno, such as `EPERM`. */
  readonly errnoName?: string;
  /** One line that says what to do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

const brand = Symbol.for("@skep/ebpf/BpfError");

/** Every error that this library throws on purpose: one line of what is wrong, and where known, one of what to do. */
export class BpfError extends Error {
  override readonly name: string = "BpfError";
  readonly code: BpfErrorCode;
  readonly syscall: string | undefined;
  readonly errno: number | undefined;
  readonly errnoName: string | undefined;
  readonly hint: string | undefined;

  constructor(code: BpfErrorCode, message: string, details: BpfErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    // Not a declared member: it is only there to be found by Symbol.hasInstance, and not to be printed.
    Object.defineProperty(this, brand, { value: true });
    this.code = code;
    this.syscall = details.syscall;
    this.errno = details.errno;
    this.errnoName = details.errnoName;
    this.hint = details.hint;
  }

  /** Holds across duplicate installs of this package, unlike `instanceof` on the class identity. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== "object" || value === null || !(brand in value)) return false;
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this method, and `this` tells which one is asked.
    return BpfError === this || Function.prototype[Symbol.hasInstance].call(this, value);
  }
}

/** Bytes that are not what they claim to be: a truncated or hostile ELF, BTF or note. */
export class FormatError extends BpfError {
  override readonly name: string = "FormatError";
  /** Byte offset in the input at which it stopped making sense, where known. */
  readonly offset: number | undefined;

  constructor(message: string, details: BpfErrorDetails & { readonly offset?: number } = {}) {
    super("format", message, details);
    this.offset = details.offset;
  }
}

/** A place in the C source of a program. */
export interface SourceLocation {
  readonly fileName: string;
  readonly lineNumber: number;
  /** Text of the line, trimmed. */
  readonly text: string;
}

export interface VerifierErrorDetails extends BpfErrorDetails {
  readonly programName: string;
  readonly log: string;
  readonly reason: string | undefined;
  readonly instructionIndex: number | undefined;
  readonly source: SourceLocation | undefined;
}

/** The kernel's verifier refused a program. Its log is here as data; the message says what matters of it. */
export class VerifierError extends BpfError {
  override readonly name: string = "VerifierError";
  /** Private, so that printing the error does not print megabytes. */
  readonly #log: string;
  readonly programName: string;
  /** The kernel's own words for the refusal. */
  readonly reason: string | undefined;
  /** The refused instruction, counted from the start of the program in units of 8 bytes. */
  readonly instructionIndex: number | undefined;
  /** The line of C that it was compiled from. */
  readonly source: SourceLocation | undefined;

  constructor(message: string, details: VerifierErrorDetails) {
    super("verifier", message, details);
    this.#log = details.log;
    this.programName = details.programName;
    this.reason = details.reason;
    this.instructionIndex = details.instructionIndex;
    this.source = details.source;
  }

  /** All that the verifier wrote. */
  get log(): string {
    return this.#log;
  }
}

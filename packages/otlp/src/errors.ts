/**
 * What went wrong, as a word a program can switch on.
 *
 * - `configuration`: a setting or an environment variable that means nothing; nothing was started
 * - `invalid-data`: a value that OTLP cannot say, such as a trace id of the wrong length
 * - `connection`: the receiver could not be reached, or the connection broke; it is tried again
 * - `timeout`: no answer in time; it is tried again
 * - `unavailable`: the receiver asked to come back later; it is tried again
 * - `refused`: the receiver will not take this batch, now or later
 * - `partial-success`: the receiver took the batch but for some items
 * - `response`: the receiver's answer cannot be understood
 * - `spool`: the directory on disk cannot be used
 */
export type OtlpErrorCode =
  | "configuration"
  | "invalid-data"
  | "connection"
  | "timeout"
  | "unavailable"
  | "refused"
  | "partial-success"
  | "response"
  | "spool";

/** What is known of a failure beyond its message. */
export interface OtlpErrorDetails {
  /** One line that says what to do about it. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

const brand = Symbol.for("@skep/otlp/OtlpError");

/** Every error that this package throws or reports on purpose: one line of what is wrong, and one of what to do. */
export class OtlpError extends Error {
  override readonly name: string = "OtlpError";
  readonly code: OtlpErrorCode;
  readonly hint: string | undefined;

  constructor(code: OtlpErrorCode, message: string, details: OtlpErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    // Not a declared member: it is only there to be found by Symbol.hasInstance, and not to be printed.
    Object.defineProperty(this, brand, { value: true });
    this.code = code;
    this.hint = details.hint;
  }

  /** Holds across duplicate installs of this package, unlike `instanceof` on the class identity. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && brand in value;
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

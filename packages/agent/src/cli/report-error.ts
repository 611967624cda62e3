import { BpfError } from "@skep/ebpf/errors";
import { OtlpError } from "@skep/otlp/errors";
import { CliError } from "./cli-error.ts";
import { ExitCode } from "./exit-code.ts";

const PREFIX = "skep: ";

/** What is said of a failure, and the exit code that goes with it. */
export interface ErrorReport {
  readonly text: string;
  readonly exitCode: number;
}

/**
 * The one place where an error becomes words: one line of what is wrong, then indented lines of what to do. Cause and
 * stack follow only when `verbose`.
 */
export function describeError(error: unknown, verbose: boolean): ErrorReport {
  const { message, hints, exitCode } = explainError(error);
  const lines = [oneLine(message), ...hints.flatMap((hint) => hint.split("\n"))];
  const text = lines.map((line, index) => (index === 0 ? PREFIX : " ".repeat(PREFIX.length)) + line).join("\n");
  return { text: `${text}\n${verbose ? details(error) : ""}`, exitCode };
}

export interface Explanation {
  readonly message: string;
  readonly hints: readonly string[];
  readonly exitCode: number;
}

export function explainError(error: unknown): Explanation {
  if (error instanceof CliError) return error;
  if (error instanceof BpfError || error instanceof OtlpError) {
    const hints = error.hint === undefined ? [] : [error.hint];
    return { message: error.message, hints, exitCode: ExitCode.failed };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    message: `unexpected ${message}`,
    hints: [
      "this is a mistake in Skep: please report it, with what --verbose",
      'adds to this message and with the output of "skep doctor"',
    ],
    exitCode: ExitCode.failed,
  };
}

/** A message of another's making (a verifier log, a JSON excerpt) may hold several lines; the first says what is wrong. */
function oneLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}

function details(error: unknown): string {
  const parts: string[] = [];
  for (let current = error; current !== undefined; current = current instanceof Error ? current.cause : undefined) {
    parts.push(`${current === error ? "" : "caused by "}${current instanceof Error ? current.stack : String(current)}`);
  }
  return `\n${parts.join("\n")}\n`;
}

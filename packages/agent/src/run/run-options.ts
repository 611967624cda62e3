import type { OptionSpecs, ParsedOptions } from "../cli/option-spec.ts";

/** What every command that traces takes: which processes, until when, and for whom the result is. */
export const runOptions = {
  pid: {
    short: "p",
    value: "PID[,PID]...",
    repeatable: true,
    help: "only these processes and the children they start; the run ends when all of them have exited",
  },
  cgroup: {
    value: "PATH",
    help: "only processes in this cgroup (v2) and those below it; a path that is not absolute starts at the cgroup mount: system.slice/nginx.service",
  },
  duration: {
    short: "d",
    value: "SECONDS",
    help: "how long: 0.1 to 86400; default: until Ctrl-C, or until the last process of -p or COMMAND has exited",
  },
  json: {
    help: "print one JSON object on standard output and all else, what COMMAND prints included, on standard error",
  },
} as const;

/** What a command with options of its own is given: a help text of its own takes the place of the shared one. */
export type ParsedRunOptions<Own extends OptionSpecs> = ParsedOptions<Omit<typeof runOptions, keyof Own> & Own>;

export const RUN_USAGE = "[OPTION]... [-- COMMAND [ARG]...]";

/** Paragraphs below the options; `result` is what the exit code 0 stands for. */
export function runNotes(result: string): readonly string[] {
  return [
    "Ctrl-C (SIGINT) or SIGTERM ends the run early and still writes the result; a second one aborts at once. A COMMAND that is still running when the run ends gets SIGTERM.",
    'Needs root, or the capabilities that "skep doctor" lists.',
    `Exit codes: 0 ${result}; 1 failed; 2 wrong command line; 126 COMMAND cannot be executed; 127 COMMAND not found. COMMAND's own exit code is not passed on, but reported on standard error unless it is 0.`,
  ];
}

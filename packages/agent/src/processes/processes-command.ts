import { type Command, defineCommand } from "../cli/command.ts";
import { type ParsedRunOptions, RUN_USAGE, runNotes, runOptions } from "../run/run-options.ts";

export const processesOptions = {
  json: {
    help: "print a JSON object for each event, and a last one that sums up, each on a line of standard output, and all else, what COMMAND prints included, on standard error",
  },
} as const;

export type ProcessesOptions = ParsedRunOptions<typeof processesOptions>;

export const processesCommand: Command = defineCommand({
  name: "processes",
  summary: "processes as they start, execute programs and exit",
  usage: RUN_USAGE,
  description: [
    "Prints a line for each process of this machine that is started (by a fork), executes a program, fails to execute one, or exits: however short it lives. Without -p, --cgroup or COMMAND: every process.",
    "COMMAND is started by Skep, and it and its descendants are watched from the execve that starts it to the last exit.",
  ],
  options: { ...runOptions, ...processesOptions },
  takesCommand: true,
  notes: [
    "What an exec shows is the command line, as one would type it; on a terminal it is cut to the width of that. What an exit shows: exit code or signal, how long the process lived, the CPU time that it used, the most memory that it had resident.",
    ...runNotes("all was printed"),
  ],
  examples: [
    { command: "skep processes", does: "every process, until Ctrl-C" },
    { command: "skep processes -- make", does: "what a build executes, and how each part ends" },
    {
      command: "skep processes --json -d 60 | jq -c 'select(.kind == \"exec-failure\")'",
      does: "what could not be executed in a minute",
    },
  ],
  run: async ({ options, command }) => {
    const { runProcesses } = await import("./run-processes.ts");
    return await runProcesses(options, command);
  },
});

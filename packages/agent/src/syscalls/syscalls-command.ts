import { type Command, defineCommand } from "../cli/command.ts";
import { type ParsedRunOptions, RUN_USAGE, runNotes, runOptions } from "../run/run-options.ts";

export const syscallsOptions = {
  calls: {
    short: "e",
    value: "NAME[,NAME]...",
    repeatable: true,
    help: "only these system calls; the others then cost next to nothing: openat,read",
  },
  "counts-only": {
    help: "count calls and errors, but don't measure how long they take, which is cheaper",
  },
} as const;

export type SyscallsOptions = ParsedRunOptions<typeof syscallsOptions>;

export const syscallsCommand: Command = defineCommand({
  name: "syscalls",
  summary: "system calls: how many, how long, and what fails",
  usage: RUN_USAGE,
  description: [
    "Counts the system calls of this machine's processes in the kernel, every single one, and prints those that took the most time: how often each was made and how often it failed with which error, how long it took in all, on average and at most, and how its latencies are spread. Then the processes that spent the most time in them. On a terminal the table is refreshed each second. Without -p, --cgroup or COMMAND: every process.",
    "COMMAND is started by Skep, and the calls of it and its descendants are counted from the execve that starts it to the last exit.",
  ],
  options: { ...runOptions, ...syscallsOptions },
  takesCommand: true,
  notes: [
    "A call counts when it returns; threads that are still inside one at the end are listed apart. The bars on the right are a histogram of latencies between the two that stand above them, each bar for one or more powers of two.",
    ...runNotes("the result was written"),
  ],
  examples: [
    { command: "skep syscalls", does: "every call of every process, refreshed until Ctrl-C" },
    {
      command: "skep syscalls -p 4242 -e openat,stat,newfstatat -d 10",
      does: "what one process looks for in the file system",
    },
    {
      command: "skep syscalls --json -- make -j4 2>/dev/null | jq '.syscalls[:3]'",
      does: "what a build spends its time in",
    },
  ],
  run: async ({ options, command }) => {
    const { runSyscalls } = await import("./run-syscalls.ts");
    return await runSyscalls(options, command);
  },
});

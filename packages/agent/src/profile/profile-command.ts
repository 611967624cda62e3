import { type Command, defineCommand } from "../cli/command.ts";
import { type ParsedRunOptions, RUN_USAGE, runNotes, runOptions } from "../run/run-options.ts";

export const profileOptions = {
  frequency: {
    short: "F",
    value: "HZ",
    help: "samples per second on each CPU: 1 to kernel.perf_event_max_sample_rate; default: 99",
  },
  "off-cpu": {
    help: "measure where threads wait (sleep, lock, I/O) instead of where they run; every wait counts, so -F has no part in it",
  },
  output: {
    short: "o",
    value: "FILE",
    repeatable: true,
    help: "write the result to FILE, replacing it; may be repeated. The name's end says the format: .pb.gz (pprof), .html (flame graph), .folded, .speedscope.json, .json; default: skep-profile.pb.gz and skep-profile.html, and none with --json",
  },
} as const;

export type ProfileOptions = ParsedRunOptions<typeof profileOptions>;

export const profileCommand: Command = defineCommand({
  name: "profile",
  summary: "which functions take the CPU, or keep threads waiting",
  usage: RUN_USAGE,
  description: [
    "Samples what the processes of this machine execute, in the kernel and in user space, and prints the functions that took the most CPU time. Without -p, --cgroup or COMMAND: every process.",
    "COMMAND is started by Skep, and it and its descendants are profiled from the first instruction to the last exit.",
  ],
  options: { ...runOptions, ...profileOptions },
  takesCommand: true,
  notes: runNotes("the result was written"),
  examples: [
    { command: "skep profile -d 10", does: "every process for 10 seconds" },
    {
      command: "skep profile -p 4242,4243 -F 499 -o api.html",
      does: "two processes, until they exit or you press Ctrl-C",
    },
    {
      command: "skep profile --off-cpu --json -- make -j4 2>/dev/null",
      does: "what a build and all that it starts wait for",
    },
  ],
  run: async ({ options, command }) => {
    const { runProfile } = await import("./run-profile.ts");
    return await runProfile(options, command);
  },
});

import { type Command, defineCommand } from "../cli/command.ts";

export const profileOptions = {
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
  frequency: {
    short: "F",
    value: "HZ",
    help: "samples per second on each CPU: 1 to kernel.perf_event_max_sample_rate; default: 99",
  },
  duration: {
    short: "d",
    value: "SECONDS",
    help: "how long: 0.1 to 86400; default: until Ctrl-C, or until the last process of -p or COMMAND has exited",
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
  json: {
    help: "print one JSON object on standard output and all else, what COMMAND prints included, on standard error",
  },
} as const;

export const profileCommand: Command = defineCommand({
  name: "profile",
  summary: "which functions take the CPU, or keep threads waiting",
  usage: "[OPTION]... [-- COMMAND [ARG]...]",
  description: [
    "Samples what the processes of this machine execute, in the kernel and in user space, and prints the functions that took the most CPU time. Without -p, --cgroup or COMMAND: every process.",
    "COMMAND is started by Skep, and it and its descendants are profiled from the first instruction to the last exit.",
  ],
  options: profileOptions,
  takesCommand: true,
  notes: [
    "Ctrl-C (SIGINT) or SIGTERM ends the run early and still writes the result; a second one aborts at once. A COMMAND that is still running when the run ends gets SIGTERM.",
    'Needs root, or the capabilities that "skep doctor" lists.',
    "Exit codes: 0 the result was written; 1 failed; 2 wrong command line; 126 COMMAND cannot be executed; 127 COMMAND not found. COMMAND's own exit code is not passed on, but reported on standard error unless it is 0.",
  ],
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

import { type Command, defineCommand } from "../cli/command.ts";

export const runOptions = {
  config: {
    short: "c",
    value: "FILE",
    help: 'what to trace, where to send it, and what it may cost; "skep config print-default" prints one. Default: all tracers, the page, and OTLP where OTEL_EXPORTER_OTLP_ENDPOINT says',
  },
} as const;

export const runCommand: Command = defineCommand({
  name: "run",
  summary: "all of it at once, live on a page and by OpenTelemetry",
  usage: "[-c FILE]",
  description: [
    'Traces every process of this machine until it is told to end: CPU, system calls, processes, files. The numbers are on a page on 127.0.0.1, whose address it prints, for Prometheus at /metrics, and go by OTLP to where you say. "skep" alone does the same.',
  ],
  options: runOptions,
  notes: [
    "SIGHUP reads FILE again; if it is wrong, it says so and goes on as before. SIGINT (Ctrl-C) or SIGTERM sends what is left and ends; a second one ends at once.",
    'Needs root, or the capabilities that "skep doctor" lists; of root\'s others it lets go when it starts. A tracer for which this kernel lacks something is off, and the others go on.',
    "Exit codes: 0 ended when asked to; 1 failed; 2 wrong command line.",
  ],
  examples: [
    { command: "skep run", does: "everything, on the page alone" },
    {
      command: "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 skep run -c skep.yaml",
      does: "to a collector too",
    },
  ],
  run: async ({ options }) => {
    const { runService } = await import("./run-service.ts");
    return await runService(options.config);
  },
});

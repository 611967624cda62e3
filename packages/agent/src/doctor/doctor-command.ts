import { type Command, defineCommand } from "../cli/command.ts";

export const doctorCommand: Command = defineCommand({
  name: "doctor",
  summary: "what this kernel and these privileges allow",
  usage: "[OPTION]...",
  description: [
    "Tries, step by step, what Skep needs of this machine: the kernel's features, the privileges of this process, the settings that matter, and at last the profiler and the tracers themselves. Changes nothing and leaves nothing behind.",
  ],
  options: { json: { help: "print one JSON object instead of text" } },
  notes: ["Exit codes: 0 Skep works here; 1 it does not; 2 wrong command line."],
  examples: [
    { command: "sudo skep doctor", does: "with the privileges that tracing has" },
    { command: "skep doctor --json | jq .works", does: "for a script: true or false" },
  ],
  run: async ({ options }) => {
    const { runDoctor } = await import("./run-doctor.ts");
    return await runDoctor(options.json);
  },
});

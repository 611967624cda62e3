import { type Command, defineCommand } from "../cli/command.ts";
import { ExitCode } from "../cli/exit-code.ts";

export const configCheckCommand: Command = defineCommand({
  name: "config check",
  summary: "whether a configuration is right",
  usage: "FILE",
  description: [
    'Reads a configuration as "skep run" would, without starting anything. Mistakes are named by line and key.',
  ],
  argument: "FILE",
  options: {},
  notes: ["Exit codes: 0 it is right; 1 it is not, or cannot be read; 2 wrong command line."],
  examples: [{ command: "skep config check /etc/skep/skep.yaml", does: "before the agent reads it" }],
  run: async ({ argument }) => {
    const { readSettingsFile } = await import("./read-settings-file.ts");
    readSettingsFile(argument);
    process.stdout.write(`${argument} is right\n`);
    return ExitCode.ok;
  },
});

export const configPrintDefaultCommand: Command = defineCommand({
  name: "config print-default",
  summary: "every key with its default, to begin with",
  usage: "",
  description: ['Prints the configuration that holds without any, to be changed and given to "skep run".'],
  options: {},
  notes: ["Exit codes: 0 printed; 2 wrong command line."],
  examples: [{ command: "skep config print-default >skep.yaml", does: "to begin with" }],
  run: async () => {
    const { printDefaultSettings } = await import("./print-settings.ts");
    process.stdout.write(printDefaultSettings());
    return ExitCode.ok;
  },
});

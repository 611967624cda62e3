import type { Command } from "./command.ts";
import { commonOptions, type OptionSpec } from "./option-spec.ts";
import { TEXT_COLUMNS, wrapText } from "./wrap-text.ts";

/** The text of `skep --help`. */
export function renderOverview(commands: readonly Command[]): string {
  const nameColumns = Math.max(...commands.map((command) => command.name.length)) + 3;
  return [
    "Usage: skep [COMMAND [OPTION]...]",
    "",
    ...wrapText(
      "Sees what every process of a Linux machine does, by eBPF, without changing or restarting any of them. Without a command: skep run.",
      TEXT_COLUMNS,
    ),
    "",
    "Commands:",
    ...commands.map((command) => `  ${command.name.padEnd(nameColumns)}${command.summary}`),
    `  ${"help".padEnd(nameColumns)}print the help of a command: skep help profile`,
    "",
    "Options:",
    ...definitions([
      ["-h, --help", commonOptions.help.help],
      ["-V, --version", "print the version"],
      ["    --verbose", commonOptions.verbose.help],
    ]),
    "",
    "Example:",
    "  sudo skep profile -d 10    the functions that take the CPU, for 10 seconds",
    "",
    "Exit codes:",
    ...definitions([
      ["0", "done"],
      ["1", "failed; standard error says why"],
      ["2", "the command line is wrong; nothing was started"],
    ]),
    "",
  ].join("\n");
}

/** The text of `skep help NAME`. */
export function renderHelp(command: Command): string {
  return [
    ...wrapText(`Usage: skep ${command.name} ${command.usage}`.trimEnd(), TEXT_COLUMNS),
    ...command.description.flatMap((paragraph) => ["", ...wrapText(paragraph, TEXT_COLUMNS)]),
    "",
    "Options:",
    ...definitions(Object.entries({ ...command.options, ...commonOptions }).map(optionLine)),
    ...(command.notes ?? []).flatMap((paragraph) => ["", ...wrapText(paragraph, TEXT_COLUMNS)]),
    "",
    "Examples:",
    ...command.examples.flatMap((example) => [
      `  ${example.command}`,
      ...wrapText(example.does, TEXT_COLUMNS - 6).map((line) => `      ${line}`),
    ]),
    "",
  ].join("\n");
}

function optionLine([name, spec]: readonly [string, OptionSpec]): [string, string] {
  const short = spec.short === undefined ? "    " : `-${spec.short}, `;
  return [`${short}--${name}${spec.value === undefined ? "" : ` ${spec.value}`}`, spec.help];
}

/** A list of terms with their explanations wrapped in a column of their own. */
function definitions(entries: readonly (readonly [string, string])[]): string[] {
  const termColumns = Math.max(...entries.map(([term]) => term.length)) + 4;
  return entries.flatMap(([term, explanation]) =>
    wrapText(explanation, TEXT_COLUMNS - termColumns).map(
      (line, index) => `  ${index === 0 ? term : ""}`.padEnd(termColumns) + line,
    ),
  );
}

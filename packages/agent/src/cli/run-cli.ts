import { runCommand } from "../service/run-command.ts";
import { UsageError } from "./cli-error.ts";
import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { ExitCode } from "./exit-code.ts";
import { renderHelp, renderOverview } from "./help.ts";
import { nearName } from "./near-names.ts";
import { hasFlag } from "./parse-arguments.ts";
import { describeError } from "./report-error.ts";
import { skepVersion } from "./version.ts";

/** Runs one command line (without `node` and the script) to its end and resolves to the exit code; never rejects. */
export async function runCli(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    const report = describeError(error, hasFlag(args, "verbose"));
    process.stderr.write(report.text);
    return report.exitCode;
  }
}

async function dispatch(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args.filter((arg, index) => index > 0 || arg !== "--verbose");
  switch (first) {
    case undefined:
      return await runCommand.run([]);
    case "--version":
    case "-V":
      return print(`${skepVersion()}\n`);
    case "--help":
    case "-h":
      return print(renderOverview(commands));
    case "help":
      return print(rest.length === 0 ? renderOverview(commands) : renderHelp(findCommand(rest).command));
    default: {
      if (first.startsWith("-")) throw unknownLeadingOption(first);
      const { command, args: own } = findCommand([first, ...rest]);
      if (hasFlag(own, "help")) return print(renderHelp(command));
      return await command.run(own);
    }
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return ExitCode.ok;
}

/** The command that `words` begin with, by one word or two, and what follows it. */
function findCommand(words: readonly string[]): { readonly command: Command; readonly args: readonly string[] } {
  for (const length of [2, 1]) {
    const command = commands.find(({ name }) => name === words.slice(0, length).join(" "));
    if (command !== undefined) return { command, args: words.slice(length) };
  }
  const [first = "", second = ""] = words;
  const list = `"skep --help" lists the commands`;
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length > 0) {
    const names = group.map(({ name }) => `"skep ${name}"`).join(" or ");
    throw new UsageError(
      second === "" ? `"skep ${first}" is no command` : `unknown command "${first} ${second}"`,
      `did you mean ${names}?`,
    );
  }
  const near = nearName(
    first,
    commands.map(({ name }) => name),
  );
  throw new UsageError(`unknown command "${first}"`, near === undefined ? list : `did you mean "${near}"? ${list}`);
}

function unknownLeadingOption(option: string): UsageError {
  const near = nearName(option, ["--help", "--version", "--verbose"]);
  if (near !== undefined) return new UsageError(`unknown option ${option}`, `did you mean ${near}?`);
  return new UsageError(
    `unknown option ${option}`,
    "the command comes first, its options after it: skep profile -d 10",
  );
}

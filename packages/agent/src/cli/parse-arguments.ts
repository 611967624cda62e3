import { parseArgs } from "node:util";
import { UsageError } from "./cli-error.ts";
import { nearName } from "./near-names.ts";
import { commonOptions, type OptionSpec, type OptionSpecs, type ParsedOptions } from "./option-spec.ts";

export interface ParsedArguments<Specs extends OptionSpecs> {
  readonly options: ParsedOptions<Specs>;
  /** What came after `--`; undefined without it. */
  readonly command: readonly string[] | undefined;
  /** Of a command that takes one, which is then there; empty otherwise. */
  readonly argument: string;
}

export interface Grammar<Specs extends OptionSpecs> {
  readonly name: string;
  readonly options: Specs;
  readonly takesCommand?: true;
  /** Placeholder of the one argument that it needs beside its options, such as `FILE`. */
  readonly argument?: string;
}

/**
 * Parses what follows the command's name.
 *
 * `node:util` splits the arguments; the judging is done here, in the order they were typed, so that every mistake is
 * answered in our words and with the name that was probably meant.
 */
export function parseArguments<const Specs extends OptionSpecs>(
  grammar: Grammar<Specs>,
  args: readonly string[],
): ParsedArguments<Specs> {
  const specs: OptionSpecs = { ...grammar.options, ...commonOptions };
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, nodeOption(spec)])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const seeHelp = `"skep help ${grammar.name}" lists the options`;

  const given = new Map<string, string[]>();
  let command: string[] | undefined;
  let argument: string | undefined;
  for (const token of tokens) {
    switch (token.kind) {
      case "option-terminator":
        if (!grammar.takesCommand) throw new UsageError(`"skep ${grammar.name}" takes no command after --`, seeHelp);
        command = [];
        break;
      case "positional":
        if (command !== undefined) {
          command.push(token.value);
        } else if (grammar.argument !== undefined && argument === undefined) {
          argument = token.value;
        } else {
          throw unexpectedArgument(grammar, token.value, seeHelp);
        }
        break;
      case "option": {
        const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined;
        if (spec === undefined) throw unknownOption(token.rawName, specs, seeHelp);
        const values = given.get(token.name) ?? [];
        values.push(optionValue(spec, token.rawName, token.value, token.inlineValue));
        given.set(token.name, values);
        break;
      }
      default:
        token satisfies never;
    }
  }
  if (command?.length === 0) throw new UsageError("a command is missing after --", seeHelp);
  if (grammar.argument !== undefined && argument === undefined) {
    throw new UsageError(`${grammar.argument} is missing`, `skep ${grammar.name} ${grammar.argument}`);
  }

  const options = Object.fromEntries(
    Object.entries(grammar.options).map(([name, spec]) => [name, parsedValue(spec, given.get(name) ?? [])]),
  );
  return { options: options as ParsedOptions<Specs>, command, argument: argument ?? "" };
}

/** Whether `--name` or its letter stands among our own options, before any `--`; true also on an otherwise wrong line. */
export function hasFlag(args: readonly string[], name: keyof typeof commonOptions): boolean {
  const spec: OptionSpec = commonOptions[name];
  const end = args.indexOf("--");
  const own = end === -1 ? args : args.slice(0, end);
  return own.includes(`--${name}`) || (spec.short !== undefined && own.includes(`-${spec.short}`));
}

function nodeOption(spec: OptionSpec): { type: "string" | "boolean"; short?: string; multiple: true } {
  return {
    type: spec.value === undefined ? "boolean" : "string",
    ...(spec.short === undefined ? {} : { short: spec.short }),
    multiple: true,
  };
}

function optionValue(
  spec: OptionSpec,
  rawName: string,
  value: string | undefined,
  inline: boolean | undefined,
): string {
  if (spec.value === undefined) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`, `leave out "${value}"`);
    return "";
  }
  // `-o --json` forgot the file's name; a name that really begins with a dash can be given as --output=-name.
  if (value === undefined || value === "" || (value.startsWith("-") && !inline)) {
    throw new UsageError(`${rawName} needs a value: ${rawName} ${spec.value}`);
  }
  return value;
}

function parsedValue(spec: OptionSpec, values: readonly string[]): boolean | string | undefined | readonly string[] {
  if (spec.repeatable) return values;
  return spec.value === undefined ? values.length > 0 : values.at(-1);
}

function unknownOption(rawName: string, specs: OptionSpecs, seeHelp: string): UsageError {
  const near = nearName(
    rawName,
    Object.keys(specs).map((name) => `--${name}`),
  );
  const hints = near === undefined ? [seeHelp] : [`did you mean ${near}? ${seeHelp}`];
  return new UsageError(`unknown option ${rawName}`, ...hints);
}

function unexpectedArgument(grammar: Grammar<OptionSpecs>, value: string, seeHelp: string): UsageError {
  const hint = grammar.takesCommand ? `to run a command, put -- before it: skep ${grammar.name} -- ${value}` : seeHelp;
  return new UsageError(`unexpected argument "${value}"`, hint);
}

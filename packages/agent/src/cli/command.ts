import type { OptionSpecs } from "./option-spec.ts";
import { type ParsedArguments, parseArguments } from "./parse-arguments.ts";

export interface CommandDefinition<Specs extends OptionSpecs> {
  /** One word, or two: `config check`. */
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What follows the command's name in its usage line. */
  readonly usage: string;
  /** Paragraphs above the options. */
  readonly description: readonly string[];
  readonly options: Specs;
  /** Everything after `--` is a command of the user's. */
  readonly takesCommand?: true;
  /** Placeholder of the one argument that it needs beside its options, such as `FILE`. */
  readonly argument?: string;
  /** Paragraphs below the options. */
  readonly notes?: readonly string[];
  readonly examples: readonly { readonly command: string; readonly does: string }[];
  /** Resolves to the exit code. Imports what it needs itself, so that no command pays for another's modules. */
  readonly run: (parsed: ParsedArguments<Specs>) => Promise<number>;
}

/** A command whose option types are sealed in: all that the table, the help and the dispatcher need. */
export interface Command extends Omit<CommandDefinition<OptionSpecs>, "run"> {
  readonly run: (args: readonly string[]) => Promise<number>;
}

export function defineCommand<const Specs extends OptionSpecs>(definition: CommandDefinition<Specs>): Command {
  return { ...definition, run: (args) => definition.run(parseArguments(definition, args)) };
}

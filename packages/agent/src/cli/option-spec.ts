/** One option of a command, by its long name; what `--help` prints and what the parser accepts come from the same place. */
export interface OptionSpec {
  /** One letter, without the dash. */
  readonly short?: string;
  /** Placeholder of its value, such as `HZ`. An option without one is a flag. */
  readonly value?: string;
  /** Each time it is given adds a value; of any other option the last value counts. */
  readonly repeatable?: true;
  /** What it does, with unit, range and default; wrapped to the terminal's 80 columns. */
  readonly help: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What the options of a command hold once parsed: a flag a boolean, a repeatable option a list, any other its text. */
export type ParsedOptions<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends { readonly repeatable: true }
    ? readonly string[]
    : Specs[Name] extends { readonly value: string }
      ? string | undefined
      : boolean;
};

/** Options that every command takes; the dispatcher answers them before a command parses anything. */
export const commonOptions = {
  help: { short: "h", help: "print this text" },
  verbose: { help: "with an error, also print its cause and where it came from" },
} as const;

import { column, type Numbers } from "./contestant.ts";
import { median } from "./statistics.ts";
import { ratio, spread } from "./units.ts";

/** A row of a table: one number of the answers of Skep, the same of the peer where there is one, and their ratio. */
export function compare(
  name: string,
  [ours = [], theirs]: readonly (readonly Numbers[])[],
  key: string,
  format: (value: number) => string,
): string[] {
  const values = column(ours, key);
  if (theirs === undefined) return [name, spread(values, format), "-", "-"];
  const peers = column(theirs, key);
  return [name, spread(values, format), spread(peers, format), ratio(median(values), median(peers))];
}

/** What was measured without and with something, in turn: the row of a table, with how they compare pair by pair. */
export function pairedRow<Off, On extends Off>(
  name: string,
  pairs: readonly { readonly off: Off; readonly on: On }[],
  numberOf: (part: Off) => number,
  format: (value: number) => string,
): string[] {
  return [
    name,
    spread(
      pairs.map(({ off }) => numberOf(off)),
      format,
    ),
    spread(
      pairs.map(({ on }) => numberOf(on)),
      format,
    ),
    spread(
      pairs.map(({ off, on }) => numberOf(on) / numberOf(off)),
      (value) => `${value.toFixed(2)}x`,
    ),
  ];
}

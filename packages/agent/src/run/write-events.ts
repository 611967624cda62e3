import { once } from "node:events";

/** What lines are written to: standard output, or the screen that it is. */
export interface LineOutput {
  write(text: string): boolean;
}

/**
 * Writes the text of each event. Waits for a reader that is slow, so that nothing piles up here: the tracer's own queue
 * is bounded, and counts what it has no room for.
 *
 * @returns how many there were
 */
export async function writeEvents<Event>(
  events: AsyncIterable<Event>,
  format: (event: Event) => string,
  output: LineOutput = process.stdout,
): Promise<number> {
  let written = 0;
  for await (const event of events) {
    written++;
    if (!output.write(format(event))) await once(process.stdout, "drain");
  }
  return written;
}

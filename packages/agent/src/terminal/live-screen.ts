import { displayWidth } from "../output/text.ts";

/** What is needed of a terminal; process.stdout, where it is one. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** Returns false as long as it cannot keep up, like a stream of Node.js. */
  write(text: string): boolean;
}

const CLEAR_TO_END_OF_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
/** Hides the cursor, and cuts lines that are too long instead of breaking them (DECTCEM, DECAWM). */
const BEGIN_FRAME = "\x1b[?25l\x1b[?7l";
const END_FRAME = "\x1b[?7h\x1b[?25h";

/**
 * Lines at the bottom of a terminal that are shown anew in place.
 *
 * Each frame is one write that leaves the terminal as it found it, the cursor at the end of the last line: so however
 * the process ends, there is nothing to restore. Lines are overwritten, not cleared first, so nothing flickers.
 */
export class LiveScreen {
  readonly #terminal: Terminal;
  /** The last of them is where the cursor is: there is always one. */
  #shown: readonly string[] = [""];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Shows these lines in the place of those before; what doesn't fit the height of the terminal is left out. */
  show(lines: readonly string[]): void {
    this.#draw([], lines.slice(0, this.#terminal.rows));
  }

  /** Puts text that stays, its last line ended, above what is shown; its lines are cut at the terminal's width. */
  write(text: string): boolean {
    return this.#draw(text.split("\n").slice(0, -1), this.#shown);
  }

  /** Puts text that stays, its last line ended, in the place of what is shown. */
  finish(text: string): void {
    this.#terminal.write(this.#toTopLeft() + this.#overwrite(text.split("\n")) + CLEAR_BELOW);
    this.#shown = [""];
  }

  #draw(above: readonly string[], shown: readonly string[]): boolean {
    const frame = this.#toTopLeft() + this.#overwrite([...above, ...shown]) + CLEAR_BELOW;
    this.#shown = shown;
    return this.#terminal.write(BEGIN_FRAME + frame + END_FRAME);
  }

  #overwrite(lines: readonly string[]): string {
    const { columns } = this.#terminal;
    return lines
      .map((line) => {
        const width = displayWidth(line);
        // A line that fills the terminal leaves the cursor on its last character, which clearing would take away.
        return width > 0 && width % columns === 0 ? line : line + CLEAR_TO_END_OF_LINE;
      })
      .join("\r\n");
  }

  /**
   * Terminals break lines anew when they get narrower, so it is today's width that says how many the last frame takes.
   * In those that don't (xterm, the console) as many lines above it go away.
   */
  #toTopLeft(): string {
    const columns = Math.max(1, this.#terminal.columns);
    const linesTaken = this.#shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(displayWidth(line) / columns)), 0);
    return linesTaken > 1 ? `\r\x1b[${linesTaken - 1}A` : "\r";
  }
}

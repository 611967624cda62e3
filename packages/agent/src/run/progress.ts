const CLEAR_LINE = "\r\x1b[K";

/**
 * Says on standard error what is being done: on a terminal as one line that counts the seconds and goes away at the
 * end, elsewhere as a line once.
 */
export class Progress implements Disposable {
  readonly #timer: NodeJS.Timeout | undefined;

  /**
   * @param durationMs how long it will take; undefined where nobody knows
   * @param quiet COMMAND has the terminal to itself
   */
  constructor(what: string, durationMs: number | undefined, quiet: boolean) {
    if (quiet) return;
    const limit = durationMs === undefined ? "" : ` of ${durationMs / 1000}`;
    if (!process.stderr.isTTY) {
      process.stderr.write(`${what}${durationMs === undefined ? "" : ` for ${durationMs / 1000} s`}\n`);
      return;
    }
    let seconds = 0;
    const show = () => {
      process.stderr.write(`${CLEAR_LINE}${what}: ${seconds}${limit} s; Ctrl-C ends it early`);
      seconds++;
    };
    show();
    this.#timer = setInterval(show, 1000);
  }

  [Symbol.dispose](): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    process.stderr.write(CLEAR_LINE);
  }
}

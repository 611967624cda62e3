import { constants } from "node:os";
import { exitCodeOfSignal } from "../cli/exit-code.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Turns the first SIGINT or SIGTERM into a request to finish early; the second ends the process on the spot. */
export class Interruption implements Disposable {
  /** Resolves with the first signal. */
  readonly requested: Promise<NodeJS.Signals>;
  readonly #handler: (signal: NodeJS.Signals) => void;

  /** @param abandon synchronous clean-up before the second signal ends the process. */
  constructor(abandon: () => void) {
    const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
    this.requested = promise;
    let signals = 0;
    this.#handler = (signal) => {
      signals++;
      if (signals === 1) return resolve(signal);
      abandon();
      process.exit(exitCodeOfSignal(constants.signals[signal]));
    };
    for (const signal of SIGNALS) process.on(signal, this.#handler);
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#handler);
  }
}

import type { OtlpError } from "../errors.ts";

/** Passes problems on, but not the same one over and over while nothing else happens. */
export class ProblemReporter {
  readonly #onProblem: (problem: OtlpError) => void;
  #last: string | undefined;

  constructor(onProblem: (problem: OtlpError) => void) {
    this.#onProblem = onProblem;
  }

  report(problem: OtlpError): void {
    if (problem.message === this.#last) return;
    this.#last = problem.message;
    // On its own, so that a listener that throws ends no sending.
    queueMicrotask(() => this.#onProblem(problem));
  }

  /** All is well: the next problem is news, even if it is the old one. */
  reset(): void {
    this.#last = undefined;
  }
}

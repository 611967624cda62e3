import type { OtlpError, OtlpErrorCode } from "../errors.ts";

/** Passes problems on, but not the same one over and over while nothing else happens. */
export class ProblemReporter {
  readonly #onProblem: (problem: OtlpError) => void;
  /** By code, so that two problems that take turns are told once each. */
  readonly #told = new Map<OtlpErrorCode, string>();

  constructor(onProblem: (problem: OtlpError) => void) {
    this.#onProblem = onProblem;
  }

  report(problem: OtlpError): void {
    if (this.#told.get(problem.code) === problem.message) return;
    this.#told.set(problem.code, problem.message);
    // On its own, so that a listener that throws ends no sending.
    queueMicrotask(() => this.#onProblem(problem));
  }

  /** All is well: the next problem is news, even if it is the old one. */
  reset(): void {
    this.#told.clear();
  }
}

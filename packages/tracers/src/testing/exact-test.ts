import { type TestContext, test } from "node:test";

const ATTEMPTS = 5;

/** Runs that the kernel left out, in the reports of the test that runs now. */
let leftOut = 0;

export interface ExactTestOptions {
  /** What else may come between, on a machine that does other things as well: then it is tried again, too. */
  readonly why?: "drops are of the whole machine" | "TCP sends again what takes its time";
}

/**
 * A test of exact numbers. From Linux 7.0 on the kernel may leave out a run of our programs, and counts it: then nothing is
 * exact, and a test that fails is tried again.
 */
export function exactTest(
  name: string,
  body: (context: TestContext) => Promise<void>,
  { why }: ExactTestOptions = {},
): void {
  test(name, async (context) => {
    for (let attempt = 1; ; attempt++) {
      leftOut = 0;
      try {
        await body(context);
        return;
      } catch (error) {
        if ((leftOut === 0 && why === undefined) || attempt === ATTEMPTS) throw error;
      }
    }
  });
}

/** To be called with each report that a test of exact numbers looks at. */
export function noteLeftOut(report: { readonly lost: { readonly recursion: number } }): void {
  leftOut += report.lost.recursion;
}

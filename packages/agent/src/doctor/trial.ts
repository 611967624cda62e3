import { explainError } from "../cli/report-error.ts";
import type { Check } from "./report.ts";

export type Outcome = Pick<Check, "status" | "detail">;

/** Something that is found out by doing it. */
export interface Trial {
  readonly name: string;
  /** What is in use when it works, and what is lost with that; throws when it doesn't work. */
  readonly attempt: () => Promise<Outcome>;
}

/** One after the other. */
export async function tryAll(trials: readonly Trial[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { name, attempt } of trials) {
    try {
      checks.push({ name, ...(await attempt()) });
    } catch (error) {
      const { message, hints } = explainError(error);
      checks.push({ name, status: "no", detail: [message, ...hints].join("; ") });
    }
  }
  return checks;
}

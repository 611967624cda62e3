import { profileFunctions } from "./profile-functions.ts";
import { type ProfileReport, reportUnit } from "./report.ts";
import { printableJson } from "./text.ts";

/**
 * The report as one JSON object on one line: what `--json` prints and a `.json` file holds.
 *
 * `self` and `total` of the functions are samples; off-CPU they are nanoseconds, which `unit` then says.
 */
export function encodeJson(report: ProfileReport): string {
  return `${printableJson({
    durationNs: report.durationNs,
    frequencyHz: report.frequencyHz,
    samples: report.sampleCount,
    lost: report.lost,
    ...(report.incomplete !== undefined && { incomplete: report.incomplete }),
    ...(report.mode === "off-cpu" && { unit: reportUnit(report) }),
    functions: profileFunctions(report),
  })}\n`;
}

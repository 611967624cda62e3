import type { FileReport, SlowOperation } from "@skep/tracers/files";
import { printableJson } from "../output/text.ts";

/** The report as one JSON object on one line: what `--json` prints last. Times are nanoseconds. */
export function encodeFilesJson({ durationNs, lost, incomplete, unattributed, files }: FileReport): string {
  return `${printableJson({
    kind: "summary",
    durationNs,
    lost,
    incomplete,
    unattributed,
    files: files.map(({ process, ...file }) => ({ ...process, ...file })),
  })}\n`;
}

/** A slow operation as one JSON object on one line. `timeUnixNs` is a text: few readers keep so large a number whole. */
export function encodeSlowOperation({ kind, timeUnixNs, process, ...operation }: SlowOperation): string {
  return `${printableJson({ kind, timeUnixNs: String(timeUnixNs), ...process, ...operation })}\n`;
}

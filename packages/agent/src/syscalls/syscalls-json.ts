import type { SyscallReport } from "@skep/tracers/syscalls";
import { printableJson } from "../output/text.ts";

/** The report as one JSON object on one line: what `--json` prints. Times are nanoseconds. */
export function encodeSyscallsJson({ durationNs, lost, incomplete, syscalls, processes }: SyscallReport): string {
  return `${printableJson({
    durationNs,
    lost,
    incomplete,
    syscalls,
    processes: processes.map(({ process, syscalls: ofProcess }) => ({ ...process, syscalls: ofProcess })),
  })}\n`;
}

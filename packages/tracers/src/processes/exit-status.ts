import type { ProcessExit } from "./process-event.ts";
import { signalName } from "./signal-name.ts";

/** How a process ended. */
export type ExitStatus = Pick<ProcessExit, "exitCode" | "signal" | "coreDumped">;

const CORE_DUMPED = 0x80;
const SIGNAL = 0x7f;

/** Takes apart the number that wait() gives: its macros are WEXITSTATUS(), WTERMSIG() and WCOREDUMP(). */
export function exitStatus(waitStatus: number): ExitStatus {
  const coreDumped = (waitStatus & CORE_DUMPED) !== 0;
  const signal = waitStatus & SIGNAL;
  if (signal !== 0) return { signal: signalName(signal), coreDumped };
  return { exitCode: (waitStatus >> 8) & 0xff, coreDumped };
}

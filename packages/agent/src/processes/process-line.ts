import type { ProcessEvent, ProcessExit } from "@skep/tracers/processes";
import { cutEnd, cutMiddle, displayWidth, printable } from "../output/text.ts";
import { formatClockTime } from "../terminal/clock-time.ts";
import { formatBytes, formatDuration } from "../terminal/numbers.ts";
import { shellWords } from "../terminal/shell-words.ts";

const EVENTS = {
  start: "start",
  exec: "exec",
  "exec-failure": "failed",
  exit: "exit",
} as const satisfies Record<ProcessEvent["kind"], string>;

/** Fewest columns that are left of what happened, and of a name in it. */
const LEAST_WHAT = 20;
const LEAST_NAME = 4;

export const PROCESS_TITLES: string = line("TIME", "PID", "PARENT", "EVENT", "WHAT");

/**
 * One line on what happened.
 *
 * @param columns width of the terminal; undefined: as long as it takes
 */
export function formatProcessEvent(event: ProcessEvent, columns: number | undefined): string {
  const begin = line(
    formatClockTime(event.timeUnixNs),
    String(event.pid),
    String(event.parentPid),
    EVENTS[event.kind],
    "",
  );
  const room = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(LEAST_WHAT, columns - displayWidth(begin));
  return begin + describe(event, room);
}

/** Process ids have up to seven digits: PID_MAX_LIMIT of the kernel's include/linux/threads.h is 4 million. */
function line(time: string, pid: string, parentPid: string, event: string, what: string): string {
  return `${time.padEnd(12)} ${pid.padStart(7)} ${parentPid.padStart(7)}  ${event.padEnd(6)}  ${what}`;
}

function describe(event: ProcessEvent, columns: number): string {
  switch (event.kind) {
    case "start":
      return cutMiddle(printable(event.name), columns);
    case "exec": {
      const more = event.argumentsTruncated ? ` … (${event.argumentCount} arguments)` : "";
      // Before Linux 5.18 a program may be run without even its name.
      const words = event.arguments.length === 0 ? [event.executablePath] : event.arguments;
      return cutEnd(printable(shellWords(words)) + more, columns);
    }
    case "exec-failure": {
      const end = `: ${event.error}`;
      return cutMiddle(printable(event.path), columns - end.length) + end;
    }
    case "exit": {
      const end = `: ${describeExit(event)}`;
      return cutEnd(cutMiddle(printable(event.name), Math.max(LEAST_NAME, columns - end.length)) + end, columns);
    }
    default:
      return event satisfies never;
  }
}

function describeExit({ exitCode, signal, coreDumped, lifetimeNs, cpuTimeNs, peakResidentBytes }: ProcessExit): string {
  return [
    `${signal ?? exitCode}${coreDumped ? " core" : ""}`,
    formatDuration(lifetimeNs),
    `CPU ${formatDuration(cpuTimeNs)}`,
    formatBytes(peakResidentBytes),
  ].join(", ");
}

import { constants } from "node:os";

/** Numbers with several names go by the first: SIGABRT, not SIGIOT. */
const names = new Map<number, string>();
for (const [name, number] of Object.entries(constants.signals)) {
  if (!names.has(number)) names.set(number, name);
}

/** What the C libraries call SIGRTMIN: they keep the first two real-time signals to themselves. */
const FIRST_REAL_TIME_SIGNAL = 34;
const LAST_REAL_TIME_SIGNAL = 64;

/** Name of a signal: `SIGKILL`, `SIGRTMIN+1`; `SIG32` where there is none. */
export function signalName(number: number): string {
  const name = names.get(number);
  if (name !== undefined) return name;
  if (number === FIRST_REAL_TIME_SIGNAL) return "SIGRTMIN";
  if (number > FIRST_REAL_TIME_SIGNAL && number <= LAST_REAL_TIME_SIGNAL) {
    return `SIGRTMIN+${number - FIRST_REAL_TIME_SIGNAL}`;
  }
  return `SIG${number}`;
}

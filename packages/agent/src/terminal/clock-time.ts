/** Time of day on this machine, to the millisecond: `22:31:04.123`. */
export function formatClockTime(timeUnixNs: bigint): string {
  const time = new Date(Number(timeUnixNs / 1_000_000n));
  const twoDigits = (value: number) => String(value).padStart(2, "0");
  const seconds = `${twoDigits(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, "0")}`;
  return `${twoDigits(time.getHours())}:${twoDigits(time.getMinutes())}:${seconds}`;
}

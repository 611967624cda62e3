import { readFileSync } from "node:fs";

/** CPU numbers of a list as sysfs writes it: `0-3,8` is 0, 1, 2, 3, 8. */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = [];
  for (const range of text.trim().split(",")) {
    if (range === "") continue;
    const [first = Number.NaN, last = first] = range.split("-").map(Number);
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}

/** CPUs that run now; the list changes with hotplug. */
export function onlineCpus(): number[] {
  return parseCpuList(readFileSync("/sys/devices/system/cpu/online", "latin1"));
}

let possible: number | undefined;

/**
 * CPUs that could ever be plugged in: per-CPU maps have one value for each, in ascending order, whether it runs or not.
 * Fixed at boot.
 */
export function possibleCpuCount(): number {
  possible ??= parseCpuList(readFileSync("/sys/devices/system/cpu/possible", "latin1")).length;
  return possible;
}

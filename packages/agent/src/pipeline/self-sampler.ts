import { readFileSync } from "node:fs";

/** What this process used: CPU time since the last sample, memory now. */
export interface ProcessSample {
  readonly cpuUserNs: number;
  readonly cpuSystemNs: number;
  readonly residentBytes: number;
  readonly anonymousBytes: number;
}

/** The first sample counts from the start of the process: starting up costs too. */
export class SelfSampler {
  #previous: NodeJS.CpuUsage = { user: 0, system: 0 };

  sample(): ProcessSample {
    const usage = process.cpuUsage();
    const { user, system } = this.#previous;
    this.#previous = usage;
    return {
      cpuUserNs: (usage.user - user) * 1000,
      cpuSystemNs: (usage.system - system) * 1000,
      ...parseResidentMemory(readFileSync("/proc/self/status", "latin1")),
    };
  }
}

/** Of the text of /proc/PID/status. Much cheaper than smaps_rollup, which walks all page tables. */
export function parseResidentMemory(status: string): Pick<ProcessSample, "residentBytes" | "anonymousBytes"> {
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * 1024;
  return { residentBytes: bytes("VmRSS"), anonymousBytes: bytes("RssAnon") };
}

import { readFileSync } from "node:fs";
import type { CpuMode, CpuSample, HostSample, MemorySample } from "./round.ts";

/** Of /proc/stat and /proc/meminfo. */
export interface CpuTimes {
  /** Undefined for the line of all CPUs together. */
  readonly number: number | undefined;
  /** Since boot. */
  readonly timeNs: Readonly<Record<CpuMode, number>>;
}

/** `USER_HZ`, in which /proc/stat counts, is 100 on every architecture that Skep runs on. */
const NS_PER_TICK = 1e7;

/** What the machine does, between one sample and the next. */
export class HostSampler {
  #previous: ReadonlyMap<number | undefined, CpuTimes>;

  constructor() {
    this.#previous = readCpuTimes();
  }

  sample(): HostSample {
    const current = readCpuTimes();
    const cpus: CpuSample[] = [];
    for (const [number, times] of current) {
      if (number !== undefined) cpus.push({ number, busyShare: busyShare(this.#previous.get(number), times) });
    }
    this.#previous = current;
    return {
      cpus,
      cpuTimeNs: current.get(undefined)?.timeNs ?? parseCpuLine("").timeNs,
      memory: parseMemory(readFileSync("/proc/meminfo", "latin1")),
      loadAverages: parseLoadAverages(readFileSync("/proc/loadavg", "latin1")),
    };
  }
}

function readCpuTimes(): ReadonlyMap<number | undefined, CpuTimes> {
  return new Map(parseCpuTimes(readFileSync("/proc/stat", "latin1")).map((times) => [times.number, times]));
}

/** The `cpu` lines of /proc/stat. */
export function parseCpuTimes(stat: string): CpuTimes[] {
  const lines: CpuTimes[] = [];
  for (const line of stat.split("\n")) {
    // They come first; the line of interrupts after them can be long.
    if (!line.startsWith("cpu")) break;
    lines.push(parseCpuLine(line));
  }
  return lines;
}

function parseCpuLine(line: string): CpuTimes {
  const [name = "", ...fields] = line.split(/ +/);
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = fields.map(
    (ticks) => (Number(ticks) || 0) * NS_PER_TICK,
  );
  const number = /^cpu(\d+)$/.exec(name)?.[1];
  return {
    number: number === undefined ? undefined : Number(number),
    timeNs: { user, nice, system, idle, iowait, interrupt: irq + softirq, steal },
  };
}

/** 0 for a CPU that was not there before: what it did before it came back belongs to no round. */
export function busyShare(before: CpuTimes | undefined, now: CpuTimes): number {
  if (before === undefined) return 0;
  let elapsedNs = 0;
  let idleNs = 0;
  for (const mode of Object.keys(now.timeNs) as CpuMode[]) {
    // Idle and I/O wait may step back a little (kernel/sched/cputime.c, get_idle_time in fs/proc/stat.c).
    const differenceNs = Math.max(0, now.timeNs[mode] - before.timeNs[mode]);
    elapsedNs += differenceNs;
    if (mode === "idle" || mode === "iowait") idleNs += differenceNs;
  }
  return elapsedNs === 0 ? 0 : 1 - idleNs / elapsedNs;
}

/** The text of /proc/meminfo; what is not in it counts as 0. */
export function parseMemory(meminfo: string): MemorySample {
  const bytes = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(meminfo)?.[1] ?? 0) * 1024;
  const total = bytes("MemTotal");
  const free = bytes("MemFree");
  const buffers = bytes("Buffers");
  // As free(1) has it: slabs that can be given back are a cache too.
  const cached = bytes("Cached") + bytes("SReclaimable");
  const used = Math.max(0, total - free - buffers - cached);
  return { total, used, free, buffers, cached, available: bytes("MemAvailable") };
}

/** The first three numbers of /proc/loadavg. */
export function parseLoadAverages(loadavg: string): readonly [number, number, number] {
  const [one = 0, five = 0, fifteen = 0] = loadavg.split(" ", 3).map((field) => Number(field) || 0);
  return [one, five, fifteen];
}

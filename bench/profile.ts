import { spawnSync } from "node:child_process";
import { enableStats } from "@skep/ebpf";
import { BusyMachine } from "./harness/busy-machine.ts";
import { type Observation, ProfilerRun } from "./harness/profiler-run.ts";
import { type Profiler, profilers } from "./harness/profilers.ts";
import type { Goal, Report } from "./harness/report.ts";
import { median } from "./harness/statistics.ts";
import { megabytes, microseconds, milliseconds, percent, ratio, spread } from "./harness/units.ts";

const ROUNDS = 3;
const START_ROUNDS = 5;
const SECONDS = 12;
const STEADY_FROM_NS = 4e9;
const STEADY_UNTIL_NS = (SECONDS - 1) * 1e9;

interface Run extends Observation {
  /** From the start of its process to a perf event on every CPU. */
  readonly startNs: number;
  /** As a part of one CPU, from second 4 on. */
  readonly cpu: number;
  /** CPU time of all of it. */
  readonly totalCpuNs: number;
  readonly peakBytes: number;
  /** It was killed 10 s after its end, when it still had not written its result. */
  readonly killed: boolean;
}

export async function benchProfile(): Promise<Report> {
  const idleStarts = await measureStarts();
  const runs = await measureInTurn();
  const present = profilers.filter((profiler) => runs.get(profiler) !== undefined);
  const missing = profilers.filter((profiler) => runs.get(profiler) === undefined);
  const runsOf = (profiler: Profiler): readonly Run[] => runs.get(profiler) ?? [];
  const ours = profilers.filter(isOurs).flatMap(runsOf);
  if (ours.length === 0) throw new Error("skep profile does not start; try: npm run demo");
  return {
    about: `All CPUs are busy with three programs (C, JavaScript with a perf map, system calls), and profilers of the whole machine take turns of ${SECONDS} s, ${ROUNDS} each: 99 Hz, stacks of kernel and user. CPU is the profiler's own, user and system, from second 4 on, in parts of one CPU; the time in its BPF program is charged to whom it interrupts, and stands beside it. Resident and anonymous memory are those of that time; the peak (VmHWM) is that to the very end, writing the result included; maps are kernel memory. To the first sample is until there is a perf event on every CPU, also ${START_ROUNDS} times before the three programs. Medians; for some, the middle half too.`,
    tables: [
      {
        columns: ["CPU", "after start", "Skep / it", "in all", "BPF a sample"],
        rows: present.map((profiler) => cpuRow(profiler.name, runsOf(profiler), ours)),
      },
      {
        columns: ["to first sample", "all CPUs busy", "idle"],
        rows: present.map((profiler) => [
          profiler.name,
          milliseconds(medianOf(runsOf(profiler), "startNs")),
          spread(idleStarts.get(profiler) ?? [Number.NaN], milliseconds),
        ]),
      },
      {
        columns: ["memory", "peak", "resident", "anonymous", "maps"],
        rows: [...present.map((profiler) => memoryRow(profiler.name, runsOf(profiler))), nodeMemoryRow()],
      },
    ],
    goals: goals(
      ours,
      profilers.filter(isOurs).flatMap((profiler) => idleStarts.get(profiler) ?? []),
    ),
    notes: [
      ...missing.map(
        ({ name, debianPackage }) =>
          `Left out: ${name}, which does not start here. It needs Debian's ${debianPackage}; bcc also the headers of the running kernel.`,
      ),
      ...present
        .filter((profiler) => runsOf(profiler).some(({ killed }) => killed))
        .map(({ name }) => `${name} was still at work 10 s after its end, and was killed.`),
      "perf only records: names come later, from perf report. BPF statistics are on meanwhile and add some 20 ns a sample.",
    ],
  };
}

function isOurs({ debianPackage }: Profiler): boolean {
  return debianPackage === undefined;
}

/** Nanoseconds from start to first sample of each profiler, while nothing else runs. */
async function measureStarts(): Promise<Map<Profiler, number[]>> {
  const starts = new Map<Profiler, number[]>();
  for (let round = 0; round < START_ROUNDS; round++) {
    for (const profiler of profilers) {
      if (round > 0 && !starts.has(profiler)) continue;
      await using run = await ProfilerRun.start(profiler, SECONDS);
      if (run !== undefined) starts.set(profiler, [...(starts.get(profiler) ?? []), run.ageNs]);
    }
  }
  return starts;
}

/** Runs of each profiler; none of one that does not start here. */
async function measureInTurn(): Promise<Map<Profiler, Run[]>> {
  await using _busy = new BusyMachine();
  using _stats = enableStats();
  const runs = new Map<Profiler, Run[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const profiler of profilers) {
      // What did not start in the first round does not in the next.
      if (round > 0 && !runs.has(profiler)) continue;
      const run = await measure(profiler);
      if (run !== undefined) runs.set(profiler, [...(runs.get(profiler) ?? []), run]);
    }
  }
  return runs;
}

async function measure(profiler: Profiler): Promise<Run | undefined> {
  await using run = await ProfilerRun.start(profiler, SECONDS);
  if (run === undefined) return undefined;
  const startNs = run.ageNs;
  await run.cpuUntil(startNs + STEADY_FROM_NS);
  const cpu = await run.cpuUntil(startNs + STEADY_UNTIL_NS);
  const observation = run.observe();
  const { peakBytes, cpuNs, ended } = await run.finish();
  return { ...observation, startNs, cpu, totalCpuNs: cpuNs, peakBytes, killed: !ended };
}

function cpuRow(name: string, runs: readonly Run[], ours: readonly Run[]): string[] {
  const cpu = runs.map((run) => run.cpu);
  const perSample = runs.flatMap(({ nsPerSample }) => nsPerSample ?? []);
  return [
    name,
    spread(cpu, percent),
    runs[0] === ours[0] ? "" : ratio(median(ours.map((run) => run.cpu)), median(cpu)),
    `${runs.some(({ killed }) => killed) ? "> " : ""}${milliseconds(medianOf(runs, "totalCpuNs"))}`,
    perSample.length === 0 ? "-" : spread(perSample, microseconds),
  ];
}

function memoryRow(name: string, runs: readonly Run[]): string[] {
  const columns = ["peakBytes", "residentBytes", "anonymousBytes", "mapBytes"] as const;
  return [name, ...columns.map((column) => megabytes(medianOf(runs, column)))];
}

/** What Node.js takes before the first line of ours. */
function nodeMemoryRow(): string[] {
  const program = `process.stdout.write(require("node:fs").readFileSync("/proc/self/status"))`;
  const status = spawnSync(process.execPath, ["-e", program], { encoding: "utf8" }).stdout;
  const field = (name: string): string =>
    megabytes(Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0) * 1024);
  return ["(Node.js alone)", field("VmHWM"), field("VmRSS"), field("RssAnon"), ""];
}

/** The budgets of docs/architecture.md. */
function goals(ours: readonly Run[], idleStartsNs: readonly number[]): Goal[] {
  const cpu = medianOf(ours, "cpu");
  const startNs = median(idleStartsNs);
  const mapBytes = medianOf(ours, "mapBytes");
  const memoryGoal = (what: string, limit: number, bytes: number): Goal => ({
    goal: `${what} < ${megabytes(limit)}`,
    measured: megabytes(bytes),
    met: bytes < limit,
  });
  return [
    { goal: "CPU after start < 0.5 % of a core", measured: percent(cpu), met: cpu < 0.005 },
    { goal: "start to first data < 500 ms", measured: milliseconds(startNs), met: startNs < 5e8 },
    memoryGoal("peak + maps", 80e6, medianOf(ours, "peakBytes") + mapBytes),
    memoryGoal("resident + maps", 50e6, medianOf(ours, "residentBytes") + mapBytes),
    memoryGoal("anonymous + maps", 30e6, medianOf(ours, "anonymousBytes") + mapBytes),
  ];
}

function medianOf(
  runs: readonly Run[],
  column: "startNs" | "cpu" | "totalCpuNs" | "peakBytes" | "residentBytes" | "anonymousBytes" | "mapBytes",
): number {
  return median(runs.map((run) => run[column]));
}

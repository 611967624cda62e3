import { mkdtempDisposableSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { enableStats } from "@skep/ebpf";
import { type AgentMemory, AgentRun } from "./harness/agent-run.ts";
import { pairedRow } from "./harness/compare.ts";
import { type LoadPart, REFERENCE_LOAD, ReferenceLoad } from "./harness/reference-load.ts";
import type { Goal, Report } from "./harness/report.ts";
import { median, now, quantile } from "./harness/statistics.ts";
import { megabytes, milliseconds, percent, spread } from "./harness/units.ts";

const PAIRS = 4;
const PART_SECONDS = 12;
/** Of the agent's run, before a part with it is measured: its first round and the names of its first stacks. */
const WARM_UP_SECONDS = 5;
/** BPF statistics cost some 20 ns an event: a part of their own, outside of the pairs. */
const STATISTICS_SECONDS = 5;
/** From when on the agent is held to its memory budget. */
const STEADY_FROM_SECONDS = 60;
const DEFAULT_MINUTES = 3;
const LONG_MINUTES = 10;

interface LongRun {
  /** One a second, from {@link STEADY_FROM_SECONDS} on. */
  readonly memory: readonly AgentMemory[];
  /** Of the agent, as a part of the machine, from then on. */
  readonly cpu: number;
  /** Of its BPF programs. */
  readonly bpf: number;
  /** Of the start and what followed until then. */
  readonly startCpuNs: number;
  /** What was turned down by the end of it. */
  readonly reductions: readonly string[];
}

/** From the start of its process on. */
interface StartTimes {
  readonly firstDataNs: readonly number[];
  /** To data of each tracer. */
  readonly allDataNs: readonly number[];
  /** To the first data where it had not been started before. */
  readonly firstStartNs: number;
}

interface Pair {
  readonly off: LoadPart;
  readonly on: LoadPart;
}

/** @param options.long the agent's memory is watched for 10 minutes instead of 3 */
export async function benchOverhead({ long = false }: { readonly long?: boolean } = {}): Promise<Report> {
  const minutes = long ? LONG_MINUTES : DEFAULT_MINUTES;
  await using load = await ReferenceLoad.start();
  await setTimeout(WARM_UP_SECONDS * 1000);
  using cache = mkdtempDisposableSync(join(tmpdir(), "skep-bench-cache-"));
  const firstStartNs = await firstStart(cache.path);
  const firstDataNs: number[] = [];
  const allDataNs: number[] = [];
  const pairs: Pair[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const off = await partOf(load);
    await using agent = await AgentRun.start({ cacheFolder: cache.path });
    firstDataNs.push(agent.firstDataNs);
    allDataNs.push(agent.allDataNs);
    await setTimeout(WARM_UP_SECONDS * 1000);
    pairs.push({ off, on: await partOf(load) });
  }
  const longRun = await runLong(minutes, cache.path);
  const { requestsPerSecond, syscallsPerSecond, startsPerSecond, machineBusyShare } = REFERENCE_LOAD;
  return {
    about: `The agent as it starts by default, all tracers and the page on, beside a load of a server under ${requestsPerSecond} requests/s, ${syscallsPerSecond.toLocaleString("en-US")} system calls/s besides those of the server, and ${startsPerSecond} process starts/s, with as much computing on each CPU as makes the machine ${percent(machineBusyShare)} busy. Load alone and load with the agent take turns of ${PART_SECONDS} s, ${PAIRS} each; a request's latency counts from when it was due. Then the agent runs for ${minutes} minutes; its memory is read every second from second ${STEADY_FROM_SECONDS} on, its CPU is that of the same time, and BPF run time that of ${STATISTICS_SECONDS} s at its end, with BPF statistics on. Medians, and the middle half of all values.`,
    tables: [loadTable(pairs), agentTable(longRun, { firstDataNs, allDataNs, firstStartNs }), memoryTable(longRun)],
    goals: goals(longRun, firstDataNs),
    notes: longRun.reductions.map((reduction) => `Turned down by the end of the run: ${reduction}.`),
  };
}

/** Until its first data; it leaves its compiled code for those that come after it. */
async function firstStart(cacheFolder: string): Promise<number> {
  await using agent = await AgentRun.start({ cacheFolder });
  await setTimeout(WARM_UP_SECONDS * 1000);
  await agent.end();
  return agent.firstDataNs;
}

async function partOf(load: ReferenceLoad): Promise<LoadPart> {
  await load.takePart();
  await setTimeout(PART_SECONDS * 1000);
  return await load.takePart();
}

async function runLong(minutes: number, cacheFolder: string): Promise<LongRun> {
  await using agent = await AgentRun.start({ cacheFolder });
  await setTimeout(STEADY_FROM_SECONDS * 1000 - agent.allDataNs / 1e6);
  const [startCpuNs, startNs] = [agent.cpuNs, now()];
  const memory: AgentMemory[] = [];
  for (let second = STEADY_FROM_SECONDS; second < minutes * 60; second++) {
    memory.push(agent.memory());
    await setTimeout(1000);
  }
  const cpu = shareOfMachine(agent.cpuNs - startCpuNs, now() - startNs);
  return { memory, cpu, startCpuNs, bpf: await bpfShare(agent), reductions: await agent.reductions() };
}

async function bpfShare(agent: AgentRun): Promise<number> {
  using _stats = enableStats();
  const [before, startNs] = [agent.programsNs, now()];
  await setTimeout(STATISTICS_SECONDS * 1000);
  // One that was loaded meanwhile counts from its start; what one that is gone took until then is not known.
  const bpfNs = [...agent.programsNs].reduce((sum, [id, ns]) => sum + ns - (before.get(id) ?? 0), 0);
  return shareOfMachine(bpfNs, now() - startNs);
}

function shareOfMachine(cpuNs: number, elapsedNs: number): number {
  return cpuNs / elapsedNs / availableParallelism();
}

function loadTable(pairs: readonly Pair[]): Report["tables"][number] {
  const row = (name: string, numberOf: (part: LoadPart) => number, format: (value: number) => string) =>
    pairedRow(name, pairs, numberOf, format);
  const latency = (part: number) => (measured: LoadPart) => quantile(measured.latenciesMs, part) * 1e6;
  return {
    columns: ["the load", "alone", "with the agent", "with / alone, by pair"],
    rows: [
      row(
        "requests/s",
        ({ completed, durationMs }) => completed / (durationMs / 1000),
        (rate) => rate.toFixed(0),
      ),
      row("latency, median", latency(0.5), milliseconds),
      row("latency, p99", latency(0.99), milliseconds),
      row("the machine is busy", ({ machineBusyShare }) => machineBusyShare, percent),
    ],
  };
}

function agentTable(
  { cpu, bpf, startCpuNs }: LongRun,
  { firstDataNs, allDataNs, firstStartNs }: StartTimes,
): Report["tables"][number] {
  return {
    columns: ["the agent", "measured"],
    rows: [
      ["CPU, of the machine", percent(cpu)],
      ["BPF run time, of the machine", percent(bpf)],
      [`CPU time of the first ${STEADY_FROM_SECONDS} s`, milliseconds(startCpuNs)],
      ["start to first data on the page", spread(firstDataNs, milliseconds)],
      ["- the very first time, without compiled code", milliseconds(firstStartNs)],
      ["- to those of each tracer", spread(allDataNs, milliseconds)],
    ],
  };
}

function memoryTable({ memory }: LongRun): Report["tables"][number] {
  const row = (name: string, bytesOf: (sample: AgentMemory) => number) => {
    const bytes = memory.map(bytesOf);
    return [name, megabytes(bytes[0] ?? 0), megabytes(median(bytes)), megabytes(Math.max(...bytes))];
  };
  return {
    columns: ["memory", `at ${STEADY_FROM_SECONDS} s`, "median", "most"],
    rows: [
      row("resident", ({ residentBytes }) => residentBytes),
      row("- of it anonymous", ({ anonymousBytes }) => anonymousBytes),
      row("BPF maps", ({ mapBytes }) => mapBytes),
      row("peak since the start", ({ peakBytes }) => peakBytes),
    ],
  };
}

/** The budgets of docs/architecture.md. */
function goals({ memory, cpu, bpf }: LongRun, firstDataNs: readonly number[]): Goal[] {
  const most = (bytesOf: (sample: AgentMemory) => number) => Math.max(...memory.map(bytesOf));
  const memoryGoal = (what: string, limit: number, bytes: number): Goal => ({
    goal: `${what} < ${megabytes(limit)}`,
    measured: megabytes(bytes),
    met: bytes < limit,
  });
  const firstNs = median(firstDataNs);
  return [
    { goal: "CPU + BPF run time < 1 % of the machine", measured: percent(cpu + bpf), met: cpu + bpf < 0.01 },
    { goal: "start to first data < 500 ms", measured: milliseconds(firstNs), met: firstNs < 5e8 },
    memoryGoal(
      "peak + maps",
      80e6,
      most(({ peakBytes, mapBytes }) => peakBytes + mapBytes),
    ),
    memoryGoal(
      "resident + maps",
      50e6,
      most(({ residentBytes, mapBytes }) => residentBytes + mapBytes),
    ),
    memoryGoal(
      "anonymous + maps",
      30e6,
      most(({ anonymousBytes, mapBytes }) => anonymousBytes + mapBytes),
    ),
  ];
}

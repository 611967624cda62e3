import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { enableStats } from "@skep/ebpf";
import { ProcessTracer, type ProcessTracerOptions } from "@skep/tracers/processes";
import { fromRoot } from "../scripts/repository.ts";
import { Contestant } from "./harness/contestant.ts";
import type { Report } from "./harness/report.ts";
import { median } from "./harness/statistics.ts";
import { megabytes, microseconds, nanoseconds, spread } from "./harness/units.ts";

const ROUNDS = 7;
const PROCESSES = 2000;
const AT_ONCE = 4;
/** Events are read ten times a second. */
const LAST_EVENTS_MS = 200;

const variants: readonly { readonly name: string; readonly options: ProcessTracerOptions }[] = [
  { name: "with failed execs", options: {} },
  { name: "without", options: { execFailures: false } },
];

/** What one run cost. */
interface Round {
  readonly kernelNsPerProcess: number;
  readonly userNsPerProcess: number;
  readonly addedNsPerCall: number;
  readonly mapBytes: number;
  readonly perSecond: number;
  readonly lost: number;
}

export async function benchProcesses(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "skep-bench-"));
  try {
    const storm = compile(folder, "packages/tracers/src/processes/testing/exec-storm.c");
    await using loop = new Contestant(compile(folder, "bench/contestants/call-loop.c"), []);
    const rounds = variants.map((): Round[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, { options }] of variants.entries()) rounds[index]?.push(await measure(storm, loop, options));
    }
    return reportOf(rounds);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compile(folder: string, source: string): string {
  const program = join(folder, source.replace(/.*\/|\.c$/g, ""));
  execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-static", "-o", program, fromRoot(source)]);
  return program;
}

async function measure(storm: string, loop: Contestant, options: ProcessTracerOptions): Promise<Round> {
  const { getppidNs: bareNs = 0 } = await loop.ask();
  await using tracer = await ProcessTracer.start(options);
  const { getppidNs: tracedNs = 0 } = await loop.ask();
  const reading = readAll(tracer);
  // The kernel takes the time of each run only while it is asked to, and that itself takes time.
  const stats = enableStats();
  const { runTimeNs } = tracer.overhead();
  const before = process.cpuUsage();
  const { stdout } = await promisify(execFile)(storm, [String(PROCESSES), String(AT_ONCE)]);
  await setTimeout(LAST_EVENTS_MS);
  const { user, system } = process.cpuUsage(before);
  const kernelNs = tracer.overhead().runTimeNs - runTimeNs;
  stats[Symbol.dispose]();
  tracer.stop();
  await reading;
  return {
    kernelNsPerProcess: kernelNs / PROCESSES,
    userNsPerProcess: ((user + system) * 1000) / PROCESSES,
    addedNsPerCall: tracedNs - bareNs,
    mapBytes: tracer.overhead().mapBytes,
    perSecond: PROCESSES / Number(stdout),
    lost: Object.values(tracer.lost()).reduce((sum, count) => sum + count, 0),
  };
}

async function readAll(tracer: ProcessTracer): Promise<number> {
  let count = 0;
  for await (const _ of tracer.events()) count++;
  return count;
}

function reportOf(rounds: readonly (readonly Round[])[]): Report {
  const row = (name: string, value: (round: Round) => number, format: (value: number) => string): string[] => [
    name,
    ...rounds.map((ofVariant) => spread(ofVariant.map(value), format)),
  ];
  const rates = rounds.flat().map((round) => round.perSecond);
  return {
    about: `What it costs to tell of each process. A program starts ${PROCESSES} processes, ${AT_ONCE} at a time, each of which runs a program that ends at once: ${Math.round(median(rates))} a second here. For each there are three events, which are read and made objects of. Then what is added to a system call, getppid, that has nothing to do with processes: a failed exec can only be seen at the end of a call. With and without take turns, ${ROUNDS} times. Medians, and the middle half of all values.`,
    tables: [
      {
        columns: ["", ...variants.map(({ name }) => name)],
        rows: [
          row("in the kernel, for a process", (round) => round.kernelNsPerProcess, microseconds),
          row("in user space, for a process", (round) => round.userNsPerProcess, microseconds),
          row("added to a system call", (round) => round.addedNsPerCall, nanoseconds),
          row("maps", (round) => round.mapBytes, megabytes),
          row("events lost", (round) => round.lost, String),
        ],
      },
    ],
    goals: [],
    notes: [
      "In the kernel: the run time of all its programs by the kernel's own count, which itself takes part of it. They look at every switch of the machine, and with failed execs at the end of every call: what else runs meanwhile is in it. In user space: what an idle tracer takes is in it, 5 to 7 ms a second.",
    ],
  };
}

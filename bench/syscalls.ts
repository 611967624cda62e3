import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromRoot } from "../scripts/repository.ts";
import { Contestant, type Numbers } from "./harness/contestant.ts";
import type { Goal, Report } from "./harness/report.ts";
import { median } from "./harness/statistics.ts";
import {
  type SyscallCounter,
  SyscallCounterRun,
  skepCounts,
  skepLatencies,
  syscallCounters,
  syscountCounts,
  syscountLatencies,
} from "./harness/syscall-counters.ts";
import { megabytes, nanoseconds, ratio, spread } from "./harness/units.ts";

/** Each of them makes 100,000 calls of each kind per round. */
const ROUNDS = 15;

const loops = ["getppidNs", "readNs"] as const;
type Loop = (typeof loops)[number];

/** What one counter added to the calls of one round. */
interface Round {
  readonly addedNs: Readonly<Record<Loop, number>>;
  readonly mapBytes: number;
}

export async function benchSyscalls(): Promise<Report> {
  mountTracefs();
  const folder = mkdtempSync(join(tmpdir(), "skep-bench-"));
  try {
    const program = join(folder, "call-loop");
    execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-o", program, fromRoot("bench/contestants/call-loop.c")]);
    await using loop = new Contestant(program, []);
    return reportOf(await measureInTurn(loop));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Where the peers look for tracepoints. Nothing else needs it. */
function mountTracefs(): void {
  if (existsSync("/sys/kernel/tracing/events")) return;
  spawnSync("mount", ["-t", "tracefs", "tracefs", "/sys/kernel/tracing"]);
}

interface Measured {
  /** Nanoseconds of a call while nothing is attached. */
  readonly bare: readonly Numbers[];
  /** Without those that don't run here. */
  readonly rounds: ReadonlyMap<SyscallCounter, readonly Round[]>;
}

async function measureInTurn(loop: Contestant): Promise<Measured> {
  const bare: Numbers[] = [];
  const rounds = new Map<SyscallCounter, Round[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const counter of syscallCounters) {
      // What did not start in the first round does not in the next.
      if (round > 0 && !rounds.has(counter)) continue;
      // Right before each of them: how fast the machine is changes from second to second.
      const without = await loop.ask();
      await using run = await SyscallCounterRun.start(counter);
      if (run === undefined) continue;
      const added = await loop.ask();
      bare.push(without);
      const difference = (key: Loop): number => numberOf(added, key) - numberOf(without, key);
      const addedNs = { getppidNs: difference("getppidNs"), readNs: difference("readNs") };
      rounds.set(counter, [...(rounds.get(counter) ?? []), { addedNs, mapBytes: run.mapBytes() }]);
    }
  }
  return { bare, rounds };
}

function reportOf({ bare, rounds }: Measured): Report {
  const missing = syscallCounters.filter((counter) => !rounds.has(counter));
  const rowsOf = (measures: SyscallCounter["measures"], peer: SyscallCounter): string[][] =>
    Array.from(rounds)
      .filter(([counter]) => counter.measures === measures)
      .map(([counter, ofCounter]) => [
        counter.name,
        ...loops.map((key) => spread(addedBy(ofCounter, key), nanoseconds)),
        counter === peer || !rounds.has(peer) ? "" : ratio(medianAdded(rounds, counter), medianAdded(rounds, peer)),
        megabytes(median(ofCounter.map(({ mapBytes }) => mapBytes))),
      ]);
  const columns = (measures: string, peer: SyscallCounter): string[] => [
    measures,
    "added to getppid",
    "added to read",
    `it / ${peer.name}, getppid`,
    "maps",
  ];
  return {
    about: `What tools that count all system calls of the machine add to each of them. A program makes 100,000 calls of getppid, and as many reads of one byte from /dev/zero, right before and while a tool runs; what they take is CPU time of that program. The tools take turns, ${ROUNDS} times. Nothing attached, getppid takes ${nanoseconds(medianOf(bare, "getppidNs"))} and the read ${nanoseconds(medianOf(bare, "readNs"))}. The tools differ in what they know in the end: syscount sums up by call alone, over all processes, and knows no errors and no histogram; bpftrace counts by name of thread and call; Skep by process and call, errors by their name. Medians, and the middle half of all values.`,
    tables: [
      { columns: columns("counts", syscountCounts), rows: rowsOf("counts", syscountCounts) },
      { columns: columns("latencies", syscountLatencies), rows: rowsOf("latencies", syscountLatencies) },
    ],
    goals: [
      ...goal(rounds, "counts no dearer than syscount", skepCounts, syscountCounts),
      ...goal(rounds, "latencies no dearer than syscount -L", skepLatencies, syscountLatencies),
    ],
    notes: missing.map(
      ({ name, debianPackage }) =>
        `Left out: ${name}, which does not start here. It needs Debian's ${debianPackage}; bcc also the headers of the running kernel.`,
    ),
  };
}

function goal(rounds: Measured["rounds"], text: string, ours: SyscallCounter, theirs: SyscallCounter): Goal[] {
  if (!rounds.has(ours) || !rounds.has(theirs)) return [];
  const [own, peer] = [medianAdded(rounds, ours), medianAdded(rounds, theirs)];
  return [{ goal: text, measured: `${nanoseconds(own)} against ${nanoseconds(peer)} a getppid`, met: own <= peer }];
}

function medianAdded(rounds: Measured["rounds"], counter: SyscallCounter): number {
  return median(addedBy(rounds.get(counter) ?? [], "getppidNs"));
}

function addedBy(rounds: readonly Round[], key: Loop): number[] {
  return rounds.map(({ addedNs }) => addedNs[key]);
}

function medianOf(answers: readonly Numbers[], key: Loop): number {
  return median(answers.map((answer) => numberOf(answer, key)));
}

function numberOf(answer: Numbers, key: Loop): number {
  const value = answer[key];
  if (value === undefined) throw new Error(`the loop has no "${key}"`);
  return value;
}

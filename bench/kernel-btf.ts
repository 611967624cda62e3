import { statSync } from "node:fs";
import { askInTurn, type Contestant, column, type Numbers, skepContestant } from "./harness/contestant.ts";
import { Libbpf, libbpfIsMissing } from "./harness/libbpf.ts";
import type { Report } from "./harness/report.ts";
import { median } from "./harness/statistics.ts";
import { megabytes, microseconds, milliseconds, ratio, spread } from "./harness/units.ts";

const COLD_ROUNDS = 9;
const ROUNDS = 30;
const GOAL_MS = 25;
const GOAL_MB = 6;

export async function benchKernelBtf(): Promise<Report> {
  using libbpf = Libbpf.compile();
  const start = [() => skepContestant(["btf"]), ...(libbpf === undefined ? [] : [() => libbpf.contestant(["btf"])])];

  const first: Numbers[][] = start.map(() => []);
  for (let round = 0; round < COLD_ROUNDS; round++) {
    for (const [index, startOne] of start.entries()) {
      await using contestant = startOne();
      first[index]?.push(await contestant.ask());
    }
  }
  const warm = await measureWarm(start);

  const row = (name: string, answers: readonly (readonly Numbers[])[], key: string, format: (n: number) => string) => {
    const [ours = [], theirs] = answers.map((of) => column(of, key));
    return theirs === undefined
      ? [name, spread(ours, format), "-", "-"]
      : [name, spread(ours, format), spread(theirs, format), ratio(median(ours), median(theirs))];
  };
  const firstNs = median(column(first[0] ?? [], "totalNs"));
  const bytes = median(column(first[0] ?? [], "bytes"));
  return {
    about: `The types of the running kernel (${megabytes(statSync("/sys/kernel/btf/vmlinux").size)} of raw BTF) are opened and \`struct task_struct\` is looked up: \`KernelBtf.open()\` and \`findByName()\`, which builds the index, against \`btf__load_vmlinux_btf()\` and \`btf__find_by_name_kind()\`, which has none and compares all names. ${COLD_ROUNDS} new processes each, then ${ROUNDS} times in one. Memory is what stays in use beyond the raw bytes. Medians, and the middle half of all values.`,
    tables: [
      {
        columns: ["", "Skep", "libbpf", "Skep / libbpf"],
        rows: [
          row("open + first look-up, new process", first, "totalNs", milliseconds),
          row("open + first look-up, again", warm, "totalNs", milliseconds),
          row("each further look-up, new process", first, "lookupNs", microseconds),
          row("each further look-up, again", warm, "lookupNs", microseconds),
          row("memory beyond the raw bytes", first, "bytes", megabytes),
        ],
      },
    ],
    goals: [
      { goal: `index in < ${GOAL_MS} ms`, measured: milliseconds(firstNs), met: firstNs < GOAL_MS * 1e6 },
      { goal: `< ${GOAL_MB} MB`, measured: megabytes(bytes), met: bytes < GOAL_MB * 1e6 },
    ],
    notes: libbpf === undefined ? [libbpfIsMissing] : [],
  };
}

async function measureWarm(start: readonly (() => Contestant)[]): Promise<Numbers[][]> {
  await using running = new AsyncDisposableStack();
  const contestants = start.map((startOne) => running.use(startOne()));
  await askInTurn(contestants, 5);
  return await askInTurn(contestants, ROUNDS);
}

import { statSync } from "node:fs";
import { compare } from "./harness/compare.ts";
import { askAgain, askNew, column, skepContestant } from "./harness/contestant.ts";
import { Libbpf, libbpfIsMissing } from "./harness/libbpf.ts";
import type { Report } from "./harness/report.ts";
import { median } from "./harness/statistics.ts";
import { megabytes, microseconds, milliseconds } from "./harness/units.ts";

const COLD_ROUNDS = 9;
const WARM_UP_ROUNDS = 5;
const ROUNDS = 30;
const GOAL_MS = 25;
const GOAL_MB = 6;

export async function benchKernelBtf(): Promise<Report> {
  using libbpf = Libbpf.compile();
  const starters = [() => skepContestant(["btf"]), ...(libbpf === undefined ? [] : [() => libbpf.contestant(["btf"])])];
  const first = await askNew(starters, COLD_ROUNDS);
  const again = await askAgain(starters, WARM_UP_ROUNDS, ROUNDS);
  const firstNs = median(column(first[0] ?? [], "totalNs"));
  const bytes = median(column(first[0] ?? [], "bytes"));
  return {
    about: `The types of the running kernel (${megabytes(statSync("/sys/kernel/btf/vmlinux").size)} of raw BTF) are opened and \`struct task_struct\` is looked up: \`KernelBtf.open()\` and \`findByName()\`, which builds the index, against \`btf__load_vmlinux_btf()\` and \`btf__find_by_name_kind()\`, which has none and compares all names. ${COLD_ROUNDS} new processes each, then ${ROUNDS} times in one. Memory is what stays in use beyond the raw bytes. Medians, and the middle half of all values.`,
    tables: [
      {
        columns: ["", "Skep", "libbpf", "Skep / libbpf"],
        rows: [
          compare("open + first look-up, new process", first, "totalNs", milliseconds),
          compare("open + first look-up, again", again, "totalNs", milliseconds),
          compare("each further look-up, new process", first, "lookupNs", microseconds),
          compare("each further look-up, again", again, "lookupNs", microseconds),
          compare("memory beyond the raw bytes", first, "bytes", megabytes),
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

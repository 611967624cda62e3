import { fromRoot } from "../scripts/repository.ts";
import { compare } from "./harness/compare.ts";
import { askAgain, askNew, column, skepContestant } from "./harness/contestant.ts";
import { Libbpf, libbpfIsMissing } from "./harness/libbpf.ts";
import type { Goal, Report } from "./harness/report.ts";
import { median } from "./harness/statistics.ts";
import { milliseconds, ratio } from "./harness/units.ts";

const WARM_UP_ROUNDS = 10;
const ROUNDS = 30;
const COLD_ROUNDS = 7;
const GOAL_RATIO = 2;

interface Subject {
  readonly name: string;
  readonly args: readonly string[];
}

const subjects: readonly Subject[] = [
  {
    // As CpuProfiler loads it on two CPUs: the programs of on-CPU mode, and its sizes of maps.
    name: "profile.bpf.o",
    args: [
      fromRoot("packages/tracers/src/profiling/profile.bpf.o"),
      ...["on_sample", "on_exec", "on_exit"].map((name) => `program=${name}`),
      ...["counts_0", "counts_1", "stacks_0", "stacks_1"].map((name) => `map=${name}:594`),
      "map=blocked:1",
    ],
  },
  {
    // A single program that needs no type of the kernel.
    name: "attach.bpf.o",
    args: [fromRoot("packages/ebpf/src/testing/kernel/attach.bpf.o"), "program=on_raw_tracepoint"],
  },
];

export async function benchLoad(): Promise<Report> {
  using libbpf = Libbpf.compile();
  const rows: string[][] = [];
  const goals: Goal[] = [];
  for (const { name, args } of subjects) {
    const starters = [
      () => skepContestant(["load", ...args]),
      ...(libbpf === undefined ? [] : [() => libbpf.contestant(["load", ...args])]),
    ];
    const again = await askAgain(starters, WARM_UP_ROUNDS, ROUNDS);
    const first = await askNew(starters, COLD_ROUNDS);
    rows.push(
      compare(`${name}, load + attach`, again, "totalNs", milliseconds),
      compare("- of it in bpf(), perf_event_open()", again, "kernelNs", milliseconds),
      compare("- the first one of a process", first, "totalNs", milliseconds),
      compare("- process start to attached", first, "processNs", milliseconds),
    );
    const [skep = [], peer] = again;
    if (peer === undefined) continue;
    const factor = median(column(skep, "totalNs")) / median(column(peer, "totalNs"));
    goals.push({
      goal: `${name} within ${GOAL_RATIO}x of libbpf`,
      measured: ratio(factor, 1),
      met: factor <= GOAL_RATIO,
    });
  }
  return {
    about: `An object file is read, relocated, loaded and attached, ${ROUNDS} times in one process after ${WARM_UP_ROUNDS} to warm up, by Skep and by libbpf in turn; then by ${COLD_ROUNDS} new processes each. Same programs, same sizes of maps, same hooks: profile.bpf.o as \`skep profile\` uses it (CO-RE, two tp_btf programs, a perf event on every CPU), and one raw tracepoint of attach.bpf.o, which needs no types of the kernel. Medians, and the middle half of all values.`,
    tables: [{ columns: ["", "Skep", "libbpf", "Skep / libbpf"], rows }],
    goals,
    notes: [
      ...(libbpf === undefined ? [libbpfIsMissing] : []),
      "Skep verifies on a thread of the pool, so that the event loop goes on; bpf() includes the way there and back.",
    ],
  };
}

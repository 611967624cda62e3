import { readFileSync } from "node:fs";
import { KernelSymbols, Symbolizer } from "@skep/symbols";
import { measure } from "mitata";
import { askNew, column, skepContestant } from "./harness/contestant.ts";
import { executableRange } from "./harness/processes.ts";
import type { Report } from "./harness/report.ts";
import { megabytes, milliseconds, nanoseconds, spread } from "./harness/units.ts";

const ROUNDS = 5;
/** Distinct addresses; the cache of frames holds 32,768. */
const ADDRESSES = 20_000;

export async function benchSymbols(): Promise<Report> {
  return {
    about: `The tables that names come from, each read by ${ROUNDS} new processes: all functions of the kernel, and the symbols of the Node.js executable (130 MB). Then what a look-up costs, by mitata: of an address that is new, and of one that was asked for before. Medians, and the middle half of all values.`,
    tables: [
      {
        columns: ["table", "time", "memory", "functions"],
        rows: [
          await tableRow("/proc/kallsyms", ["kallsyms"]),
          await tableRow("node", ["executable", process.execPath]),
        ],
      },
      { columns: ["look-up", "time"], rows: await lookupRows() },
    ],
    goals: [],
    notes: [],
  };
}

async function tableRow(name: string, args: readonly string[]): Promise<string[]> {
  const [answers = []] = await askNew([() => skepContestant(args)], ROUNDS);
  const count = answers[0]?.["count"];
  return [
    name,
    spread(column(answers, "totalNs"), milliseconds),
    spread(column(answers, "bytes"), megabytes),
    count === undefined ? "-" : count.toLocaleString("en-US"),
  ];
}

async function lookupRows(): Promise<string[][]> {
  using symbolizer = new Symbolizer();
  const image = symbolizer.captureProcess(process.pid);
  if (image === undefined) throw new Error("this process is not there");
  const { start, end } = executableRange("self", process.execPath);
  const step = Math.floor((end - start) / ADDRESSES);
  // Reads the table.
  symbolizer.resolveUser(image, start);

  // A Symbolizer forgets half of its frames when they are too many; going round so many addresses, each is new.
  const newNs = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    for (let index = 0; index < ADDRESSES; index++) symbolizer.resolveUser(image, start + index * step + round + 1);
    newNs.push(((performance.now() - began) * 1e6) / ADDRESSES);
  }
  const known = await measure(() => symbolizer.resolveUser(image, start));

  const kernel = KernelSymbols.load();
  const address = startOfKernelText() + 4096n;
  const inKernel = await measure(() => kernel.resolve(address));
  return [
    ["an address of node, new", spread(newNs, nanoseconds)],
    ["an address of node, known", spread(known.samples, nanoseconds)],
    ["an address of the kernel, without a cache", spread(inKernel.samples, nanoseconds)],
  ];
}

function startOfKernelText(): bigint {
  const address = /^([0-9a-f]{16}) T _stext$/m.exec(readFileSync("/proc/kallsyms", "latin1"))?.[1];
  if (address === undefined) throw new Error("/proc/kallsyms has no _stext");
  return BigInt(`0x${address}`);
}

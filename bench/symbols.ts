import { readFileSync } from "node:fs";
import { KernelSymbols, Symbolizer } from "@skep/symbols";
import { measure } from "mitata";
import { askNew, column, skepContestant } from "./harness/contestant.ts";
import { executableRange } from "./harness/processes.ts";
import type { Report } from "./harness/report.ts";
import { megabytes, milliseconds, nanoseconds, spread } from "./harness/units.ts";

const ROUNDS = 5;
/** Addresses that are nearly all in functions of their own. */
const FUNCTIONS = 20_000;
/** So few that their names are remembered. */
const KNOWN_FUNCTIONS = 1000;

export async function benchSymbols(): Promise<Report> {
  return {
    about: `The tables that names come from, each read by ${ROUNDS} new processes: all functions of the kernel, and the symbols of the Node.js executable (130 MB). Then what a look-up costs, by mitata, of 20,000 addresses that were announced together: of an address in a function that is new, of a new address in a known one, and of an address that was asked for before. Medians, and the middle half of all values.`,
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
  symbolizer.resolveUser(image, start);

  // Each round goes one byte further on: every address is new.
  let shift = 0;
  const nextRoundNs = (addresses: number): number => {
    shift++;
    const step = Math.floor((end - start) / addresses);
    const began = performance.now();
    // As the profiler does it: all are known before the first is asked for.
    for (let index = 0; index < addresses; index++) symbolizer.prepareUser(image, start + index * step + shift);
    for (let index = 0; index < addresses; index++) symbolizer.resolveUser(image, start + index * step + shift);
    return ((performance.now() - began) * 1e6) / addresses;
  };
  const newFunctionNs = Array.from({ length: ROUNDS }, () => nextRoundNs(FUNCTIONS));
  nextRoundNs(KNOWN_FUNCTIONS);
  const newAddressNs = Array.from({ length: 3 * ROUNDS }, () => nextRoundNs(KNOWN_FUNCTIONS));
  const known = await measure(() => symbolizer.resolveUser(image, start));

  const kernel = KernelSymbols.load();
  const address = startOfKernelText() + 4096n;
  const inKernel = await measure(() => kernel.resolve(address));
  return [
    ["an address of node, in a new function", spread(newFunctionNs, nanoseconds)],
    ["an address of node, new in a known function", spread(newAddressNs, nanoseconds)],
    ["an address of node, known", spread(known.samples, nanoseconds)],
    ["an address of the kernel, without a cache", spread(inKernel.samples, nanoseconds)],
  ];
}

function startOfKernelText(): bigint {
  const address = /^([0-9a-f]{16}) T _stext$/m.exec(readFileSync("/proc/kallsyms", "latin1"))?.[1];
  if (address === undefined) throw new Error("/proc/kallsyms has no _stext");
  return BigInt(`0x${address}`);
}

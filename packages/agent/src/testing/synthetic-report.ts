import type { Frame, Mapping, ProcessInfo, ProfileSample } from "@skep/otlp/pprof";
import type { ProfileReport } from "../output/report.ts";
import { type Program, SYNTHETIC_PROGRAMS } from "./synthetic-programs.ts";

export interface SyntheticReportOptions {
  /** The same seed gives the same report. Default: 1. */
  readonly seed?: number;
  /** Default: 1204. */
  readonly sampleCount?: number;
  readonly mode?: "on-cpu" | "off-cpu";
  readonly lost?: Readonly<Record<string, number>>;
  /** Functions made up for each program besides its own, for reports as large as those of real servers. Default: 0. */
  readonly extraFunctions?: number;
}

const FREQUENCY_HZ = 99;
const PERIOD_NS = Math.round(1e9 / FREQUENCY_HZ);
/** Calls from `main` to the leaf, at most. */
const MAX_USER_DEPTH = 40;

const kernelMapping: Mapping = {
  name: "[kernel]",
  path: "[kernel.kallsyms]",
  startAddress: 0xffff_ffff_8100_0000n,
  limitAddress: 0xffff_ffff_8300_0000n,
  fileOffset: 0n,
};

/**
 * A report as a machine with a Node.js service, nginx, PostgreSQL, Python and a copying shell would give it: shared
 * frame and process objects, kernel frames on top of user frames, long C++ names, frames without a symbol.
 */
export function syntheticReport({
  seed = 1,
  sampleCount = 1204,
  mode = "on-cpu",
  lost = { "stacks-full": 0, "samples-full": 0 },
  extraFunctions = 0,
}: SyntheticReportOptions = {}): ProfileReport {
  const random = randomNumbers(seed);
  const workloads = SYNTHETIC_PROGRAMS.map((program, index) => new Workload(program, index, extraFunctions, random));
  const samples: ProfileSample[] = [];
  for (let taken = 0; taken < sampleCount; ) {
    const count = Math.min(sampleCount - taken, 1 + Math.floor(random() ** 6 * 20));
    taken += count;
    const workload = workloads[Math.floor(random() ** 1.7 * workloads.length)];
    if (workload === undefined) throw new RangeError("there is no synthetic program");
    const perCountNs = mode === "on-cpu" ? PERIOD_NS : Math.round(random() * 20e6);
    samples.push(workload.sample([count, count * perCountNs]));
  }

  return {
    mode,
    timeUnixNs: 1_795_000_000_000_000_000n,
    durationNs: 10_000_000_000,
    frequencyHz: FREQUENCY_HZ,
    sampleCount,
    cpuCount: 2,
    lost,
    sampleTypes: [
      { type: "samples", unit: "count" },
      { type: mode === "on-cpu" ? "cpu" : "off_cpu", unit: "nanoseconds" },
    ],
    periodType: { type: mode === "on-cpu" ? "cpu" : "off_cpu", unit: "nanoseconds" },
    period: mode === "on-cpu" ? PERIOD_NS : 1,
    samples,
  };
}

/** One process and its functions, each at one address. */
class Workload {
  readonly #process: ProcessInfo;
  readonly #threadNames: readonly string[];
  readonly #root: Frame;
  readonly #userFrames: readonly Frame[];
  readonly #kernelFrames: readonly Frame[];
  readonly #random: () => number;

  constructor(program: Program, index: number, extraFunctions: number, random: () => number) {
    const { pid, name, executablePath, containerId } = program;
    this.#process = { pid, name, executablePath, ...(containerId !== undefined && { containerId }) };
    this.#threadNames = program.threadNames;
    this.#random = random;
    const mappings = program.modules.map((path, module) => mappingOf(path, index, module));
    const names = [
      ...program.functions,
      ...Array.from({ length: extraFunctions }, (_, extra) => `${program.name}::generated::Function${extra}::run()`),
    ];
    const frames = names.map((functionName, position) => {
      const mapping = mappings[position % mappings.length] ?? kernelMapping;
      return frameOf(functionName, mapping, BigInt(position));
    });
    const [root, ...others] = frames;
    if (root === undefined) throw new RangeError(`the program ${name} has no functions`);
    this.#root = root;
    this.#userFrames = others;
    this.#kernelFrames = program.kernelFunctions.map((functionName, position) =>
      frameOf(functionName, kernelMapping, BigInt(index * 64 + position)),
    );
  }

  sample(values: readonly number[]): ProfileSample {
    const random = this.#random;
    const stack = [this.#root];
    const depth = 2 + Math.floor(random() ** 2 * MAX_USER_DEPTH);
    // The same few paths at the bottom, more and more variety towards the leaf.
    for (let level = 0; level < depth; level++) {
      const variety = Math.min(1, 0.02 + (level / MAX_USER_DEPTH) ** 2);
      const position = Math.floor(level * 1.7 + random() * variety * this.#userFrames.length) % this.#userFrames.length;
      const frame = this.#userFrames[position];
      if (frame !== undefined) stack.push(frame);
    }
    if (random() < 0.4)
      stack.push(...this.#kernelFrames.slice(0, 1 + Math.floor(random() * this.#kernelFrames.length)));
    const thread = Math.floor(random() * this.#threadNames.length);
    return {
      stack: stack.reverse(),
      values,
      process: this.#process,
      threadId: this.#process.pid + thread,
      threadName: this.#threadNames[thread] ?? this.#process.name,
    };
  }
}

function mappingOf(path: string, program: number, module: number): Mapping {
  const startAddress = 0x5500_0000_0000n + BigInt(program) * 0x100_0000_0000n + BigInt(module) * 0x1000_0000n;
  return {
    name: path.slice(path.lastIndexOf("/") + 1),
    path,
    ...(path.startsWith("/") && { buildId: `${program}${module}`.padStart(40, "5ke9") }),
    startAddress,
    limitAddress: startAddress + 0x800_0000n,
    fileOffset: 0x1000n,
  };
}

function frameOf(name: string, mapping: Mapping, position: bigint): Frame {
  return {
    name,
    address: mapping.startAddress + 0x1000n + position * 0x140n,
    mapping,
    kind: mapping === kernelMapping ? "kernel" : mapping.name === "[jit]" ? "jit" : "native",
    symbolized: !/\+0x[0-9a-f]+$/.test(name),
  };
}

/** mulberry32: small, and the same numbers on every machine. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

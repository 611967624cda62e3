import type { Frame, Mapping, ProcessInfo, Profile, ProfileSample } from "@skep/otlp/pprof";
import type { FlameGraphData, FlameProcess } from "../output/flame-graph-data.ts";
import type { ProcessShare } from "./answers.ts";
import type { History, TimeRange } from "./history.ts";
import { joinStacks, type StackSpan } from "./span.ts";
import type { HistoryTables, KeptProcess } from "./tables.ts";

export type ProfileMode = "on-cpu" | "off-cpu";

/** All stacks of the range as those of one span; undefined where that tracer was off all the time. */
export function stacksOf(history: History, mode: ProfileMode, range: TimeRange): StackSpan | undefined {
  return joinStacks(history.spans(range).flatMap((span) => (mode === "on-cpu" ? span.cpu : span.offCpu) ?? []));
}

/** What processes there are, the heaviest first. */
export function processShares(tables: HistoryTables, stacks: StackSpan, mode: ProfileMode): readonly ProcessShare[] {
  const byProcess = new Map<number, number>();
  stacks.rows.each((process, _, values) => {
    byProcess.set(process, (byProcess.get(process) ?? 0) + values[valueName(mode)]);
  });
  return [...byProcess]
    .sort(([, a], [, b]) => b - a)
    .map(([process, value]) => ({ process: tables.process(process), value }));
}

export interface FlameGraphRequest {
  readonly mode: ProfileMode;
  readonly startedAtMs: number;
  readonly hostName: string;
  /** Only this one. */
  readonly pid?: number | undefined;
  readonly lost: Readonly<Record<string, number>>;
  /** What to compare with. */
  readonly baseline?: { readonly startedAtMs: number; readonly stacks: StackSpan } | undefined;
}

/** Two values of each place: now, and in the baseline. */
interface Values {
  readonly now: Map<number, number>;
  readonly baseline: Map<number, number>;
}

/** The stacks as the trees that a flame graph is drawn from. */
export function flameGraphOf(tables: HistoryTables, stacks: StackSpan, request: FlameGraphRequest): FlameGraphData {
  const { mode, pid, baseline, hostName, startedAtMs, lost } = request;
  const valuesByProcess = new Map<number, Values>();
  const collect = (which: keyof Values, { rows }: StackSpan) => {
    rows.each((process, stack, values) => {
      if (pid !== undefined && tables.pidOf(process) !== pid) return;
      const ofProcess = valuesByProcess.get(process) ?? { now: new Map(), baseline: new Map() };
      valuesByProcess.set(process, ofProcess);
      ofProcess[which].set(stack, values[valueName(mode)]);
    });
  };
  collect("now", stacks);
  if (baseline !== undefined) collect("baseline", baseline.stacks);

  const frames = new FrameIndex(tables);
  const trees = [...valuesByProcess].map(([process, values]) => new CallTree(tables.process(process), values, tables));
  const { frequencyHz, cpuCount, durationNs, sampleCount } = stacks.facts;
  return {
    subject: pid === undefined ? "all processes" : `process ${pid}`,
    hostName,
    startedAtMs,
    durationNs,
    mode,
    unit: mode === "on-cpu" ? "samples" : "nanoseconds",
    frequencyHz,
    cpuCount,
    sampleCount,
    lost,
    processes: trees
      .sort((a, b) => b.weight - a.weight)
      .map((tree) => tree.flatten((stack) => frames.index(stack), baseline !== undefined)),
    names: frames.names,
    modules: frames.modules,
    kinds: frames.kinds,
    frames: frames.frames,
    ...(baseline !== undefined && {
      baseline: {
        startedAtMs: baseline.startedAtMs,
        durationNs: baseline.stacks.facts.durationNs,
        sampleCount: baseline.stacks.facts.sampleCount,
      },
    }),
  };
}

/** The stacks of one process: a part of the tree of all stacks, which node numbers already are. */
class CallTree {
  readonly weight: number;
  readonly #process: KeptProcess;
  readonly #values: Values;
  readonly #totals = new Map<number, number>();
  readonly #children = new Map<number, number[]>();

  constructor(process: KeptProcess, values: Values, tables: HistoryTables) {
    this.#process = process;
    this.#values = values;
    for (const stack of new Set([...values.now.keys(), ...values.baseline.keys()])) {
      const value = (values.now.get(stack) ?? 0) + (values.baseline.get(stack) ?? 0);
      for (let node = stack; ; node = tables.callerOf(node)) {
        const isNew = !this.#totals.has(node);
        this.#totals.set(node, (this.#totals.get(node) ?? 0) + value);
        if (node === 0) break;
        if (isNew) this.#childrenOf(tables.callerOf(node)).push(node);
      }
    }
    this.weight = this.#totals.get(0) ?? 0;
  }

  flatten(frameIndex: (stack: number) => number, isComparison: boolean): FlameProcess {
    const nodes: number[] = [];
    const baseline = [this.#values.baseline.get(0) ?? 0];
    const pending: { readonly stack: number; readonly depth: number }[] = [];
    const pushChildren = (stack: number, depth: number) => {
      const lightestFirst = this.#childrenOf(stack).sort((a, b) => this.#total(a) - this.#total(b));
      for (const child of lightestFirst) pending.push({ stack: child, depth });
    };
    pushChildren(0, 0);
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      nodes.push(next.depth, frameIndex(next.stack), this.#values.now.get(next.stack) ?? 0);
      baseline.push(this.#values.baseline.get(next.stack) ?? 0);
      pushChildren(next.stack, next.depth + 1);
    }
    const { pid, name, containerId } = this.#process;
    return {
      pid,
      name,
      ...(containerId !== undefined && { containerId }),
      self: this.#values.now.get(0) ?? 0,
      nodes,
      ...(isComparison && { baseline }),
    };
  }

  #childrenOf(stack: number): number[] {
    let children = this.#children.get(stack);
    if (children === undefined) {
      children = [];
      this.#children.set(stack, children);
    }
    return children;
  }

  #total(stack: number): number {
    return this.#totals.get(stack) ?? 0;
  }
}

/** Gives the frames of a graph numbers of its own, so that only those it has are sent. */
class FrameIndex {
  readonly names: string[] = [];
  readonly modules: string[] = [];
  readonly kinds: FlameGraphData["kinds"][number][] = [];
  readonly frames: number[] = [];
  readonly #tables: HistoryTables;
  readonly #indexes = new Map<number, number>();

  constructor(tables: HistoryTables) {
    this.#tables = tables;
  }

  index(stack: number): number {
    const row = this.#tables.frameOf(stack);
    let index = this.#indexes.get(row);
    if (index === undefined) {
      const { name, module, kind } = this.#tables.frame(row);
      index = this.frames.length / 3;
      this.frames.push(this.names.push(name) - 1, indexIn(this.modules, module), indexIn(this.kinds, kind));
      this.#indexes.set(row, index);
    }
    return index;
  }
}

function indexIn<Value>(values: Value[], value: Value): number {
  const index = values.indexOf(value);
  return index < 0 ? values.push(value) - 1 : index;
}

/**
 * The stacks as a profile for pprof. It has functions, no addresses: the history keeps none, so that a viewer has
 * nothing to look up again.
 */
export function profileOf(tables: HistoryTables, stacks: StackSpan, mode: ProfileMode, startedAtMs: number): Profile {
  const { rows, facts } = stacks;
  const type = mode === "on-cpu" ? "cpu" : "off_cpu";
  const frames = new Map<number, Frame>();
  const mappings = new Map<string, Mapping>();
  const processes = new Map<number, ProcessInfo>();
  const samples: ProfileSample[] = [];
  rows.each((processRow, stackNode, { count, nanoseconds }) => {
    const process = processes.get(processRow) ?? tables.process(processRow);
    processes.set(processRow, process);
    const stack: Frame[] = [];
    for (let node = stackNode; node !== 0; node = tables.callerOf(node)) {
      const frameRow = tables.frameOf(node);
      const frame = frames.get(frameRow) ?? frameOf(tables, frameRow, mappings);
      frames.set(frameRow, frame);
      stack.push(frame);
    }
    samples.push({ stack, values: [count, nanoseconds], process, threadId: process.pid, threadName: process.name });
  });
  return {
    timeUnixNs: BigInt(Math.round(startedAtMs * 1000)) * 1000n,
    durationNs: facts.durationNs,
    sampleTypes: [
      { type: "samples", unit: "count" },
      { type, unit: "nanoseconds" },
    ],
    periodType: { type, unit: "nanoseconds" },
    period: facts.periodNs,
    defaultSampleType: type,
    samples,
  };
}

function frameOf(tables: HistoryTables, row: number, mappings: Map<string, Mapping>): Frame {
  const { name, module, path, kind } = tables.frame(row);
  const key = `${module}\n${path}`;
  const mapping = mappings.get(key) ?? { name: module, path, startAddress: 0n, limitAddress: 0n, fileOffset: 0n };
  mappings.set(key, mapping);
  return { name, address: 0n, mapping, kind: kind === "unnamed" ? "native" : kind, symbolized: true };
}

function valueName(mode: ProfileMode): "count" | "nanoseconds" {
  return mode === "on-cpu" ? "count" : "nanoseconds";
}

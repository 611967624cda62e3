import {
  attachIterator,
  BpfError,
  onlineCpus,
  type Program,
  possibleCpuCount,
  programsQuiesced,
  RingBufferReader,
  runIterator,
} from "@skep/ebpf";
import { Symbolizer } from "@skep/symbols";
import { KernelCounters } from "../filters/kernel-counters.ts";
import { targetTableSizes, targetVariables } from "../filters/target-options.ts";
import { Targets } from "../filters/targets.ts";
import { type Overhead, overheadOf } from "../overhead.ts";
import { type OpenInterval, OpenIntervals } from "./open-intervals.ts";
import { ProcessImages } from "./process-images.ts";
import { type Counters, type Loaded, load } from "./profile.bpf.ts";
import type { CpuProfile, ProfileMode } from "./profile.ts";
import {
  assertFrequency,
  type CpuProfilerOptions,
  DEFAULT_FREQUENCY_HZ,
  offCpuTableSizes,
  onCpuTableSizes,
  type TableSizes,
  threadCount,
} from "./profiler-options.ts";
import { SampleStore } from "./sample-store.ts";
import {
  BLOCKED_BYTES,
  readBlocked,
  readFrames,
  readSampleKey,
  readSampleValue,
  SAMPLE_KEY_BYTES,
  SAMPLE_VALUE_BYTES,
  STACK_BYTES,
} from "./sample-table.ts";
import { SamplingEvents } from "./sampling-events.ts";
import { StackResolver } from "./stack-resolver.ts";

/** `EVENT_*` of profile.bpf.c. */
const EVENT_PROCESS_SEEN = 1;
const EVENT_TARGET_EXITED = 2;

/** Memory maps kept: enough for the processes that are on the CPU in turn, at some 10 KB each. */
const IMAGE_LIMIT = 1024;

/** Without a choice of processes there is always one. */
const NEVER = new Promise<void>(() => undefined);

interface ReadResult {
  /** What happened up to here, by CLOCK_MONOTONIC, is read. */
  readonly untilNs: bigint;
  readonly open: readonly OpenInterval[];
}

/**
 * Where CPU time goes, or where threads wait: counts stacks in the kernel, and names them here.
 *
 * Runs until it is disposed of. Kernel floor: 5.8 with BTF; off-CPU needs 5.9 (bpf_get_task_stack). Needs CAP_BPF,
 * CAP_PERFMON and, to read the maps of other users' processes, CAP_SYS_PTRACE.
 */
export class CpuProfiler implements AsyncDisposable {
  readonly mode: ProfileMode;
  readonly #kernelHalf: Loaded;
  readonly #sizes: TableSizes;
  readonly #hooks: Disposable[] = [];
  readonly #targets: Targets | undefined;
  readonly #counters: KernelCounters<keyof Counters>;
  readonly #images: ProcessImages;
  readonly #store: SampleStore;
  readonly #openIntervals = new OpenIntervals();
  readonly #symbolizer: Symbolizer;
  /** What the tables are sized for. */
  readonly #highestFrequencyHz: number;
  #frequencyHz: number;
  #events: SamplingEvents | undefined;
  #reader: RingBufferReader | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stoppedNs: bigint | undefined;
  /** Start of what the next snapshot covers. */
  #sinceNs = 0n;
  /** The last read; they run one after the other. */
  #reading: Promise<void> = Promise.resolve();

  private constructor(kernelHalf: Loaded, options: CpuProfilerOptions, sizes: TableSizes) {
    this.mode = options.mode ?? "on-cpu";
    this.#frequencyHz = options.frequencyHz ?? DEFAULT_FREQUENCY_HZ;
    this.#highestFrequencyHz = this.#frequencyHz;
    this.#kernelHalf = kernelHalf;
    this.#sizes = sizes;
    this.#targets = options.pids === undefined ? undefined : new Targets(kernelHalf.maps.targets);
    this.#counters = new KernelCounters(kernelHalf.maps.counters);
    this.#symbolizer = new Symbolizer();
    const { images } = kernelHalf.maps;
    this.#images = new ProcessImages(this.#symbolizer, (pid, imageNs) => images.get(pid) === imageNs, IMAGE_LIMIT);
    this.#store = new SampleStore(
      this.#images,
      new StackResolver(this.#symbolizer, this.mode),
      this.mode === "on-cpu" ? 1e9 / this.#frequencyHz : undefined,
    );
  }

  /**
   * Loads, attaches and starts counting.
   *
   * @throws BpfError `invalid-argument` for options out of range, `not-found` for a process or cgroup that is not
   *   there, `not-permitted` without the capabilities, `not-supported` on a kernel without BTF
   */
  static async start(options: CpuProfilerOptions = {}): Promise<CpuProfiler> {
    const { mode = "on-cpu", frequencyHz = DEFAULT_FREQUENCY_HZ, pids } = options;
    if (mode === "on-cpu") assertFrequency(frequencyHz);
    const globals = targetVariables(options);
    const sizes: TableSizes = {
      ...(mode === "on-cpu" ? onCpuTableSizes(possibleCpuCount(), frequencyHz) : offCpuTableSizes(threadCount())),
      ...options.tableSizes,
    };
    const kernelHalf = await load({
      globals,
      maxEntries: {
        ...targetTableSizes(options),
        counts_0: sizes.counts,
        counts_1: sizes.counts,
        stacks_0: sizes.stacks,
        stacks_1: sizes.stacks,
        blocked: sizes.blocked,
      },
      // Not the others: a sample may interrupt whatever allocates.
      onDemand: ["targets"],
      programs: ({ name }) => isNeeded(name, mode, pids !== undefined),
    });
    const profiler = new CpuProfiler(kernelHalf, options, sizes);
    try {
      profiler.#attach(options);
      return profiler;
    } catch (error) {
      await profiler[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resolves when none of `pids`, and none of their children where these are followed, runs any more. */
  get exited(): Promise<void> {
    return this.#targets?.allExited ?? NEVER;
  }

  /**
   * What was counted since the start or the last snapshot. Of a thread that is off the CPU right now the time up to now
   * is in it, and the rest will be in the next one.
   */
  async snapshot(): Promise<CpuProfile> {
    const { untilNs, open } = await this.#read();
    this.#openIntervals.settle(this.#store, open);
    const { samples, sampleCount, exited, stackMissing } = this.#store.take();
    const counted = this.#counters.takeDifference();
    const onCpu = this.mode === "on-cpu";
    const durationNs = Number(untilNs - this.#sinceNs);
    const profile: CpuProfile = {
      mode: this.mode,
      timeUnixNs: BigInt(Date.now()) * 1_000_000n - BigInt(durationNs),
      durationNs,
      frequencyHz: this.#frequencyHz,
      event: this.#events?.event,
      cpuCount: this.#events?.cpuCount ?? onlineCpus().length,
      sampleTypes: onCpu
        ? [
            { type: "samples", unit: "count" },
            { type: "cpu", unit: "nanoseconds" },
          ]
        : [
            { type: "intervals", unit: "count" },
            { type: "off_cpu", unit: "nanoseconds" },
          ],
      periodType: { type: onCpu ? "cpu" : "off_cpu", unit: "nanoseconds" },
      period: onCpu ? Math.round(1e9 / this.#frequencyHz) : 1,
      defaultSampleType: onCpu ? "cpu" : "off_cpu",
      samples,
      sampleCount,
      lost: {
        countsFull: counted.counts_full,
        stacksFull: counted.stacks_full,
        blockedFull: counted.blocked_full,
        stackMissing,
      },
      incomplete: {
        truncated: counted.truncated,
        exited,
        blockedBeforeStart: counted.before_start,
        childrenNotFollowed: counted.targets_full,
      },
    };
    this.#sinceNs = untilNs;
    return profile;
  }

  /** Samples per second on each CPU, when it profiles those on the CPU. */
  get frequencyHz(): number {
    return this.#frequencyHz;
  }

  /**
   * Samples so often from now on, keeping what it knows of programs: a new profiler would have to read their symbols again.
   *
   * @param frequencyHz no more than it was started with
   * @returns what was counted until then, as by `snapshot()`
   * @throws BpfError `invalid-argument` when it is more, or the profiler is one for waits
   */
  async changeFrequency(frequencyHz: number): Promise<CpuProfile> {
    const events = this.#events;
    if (events === undefined) throw new BpfError("invalid-argument", "a profile of waits has no frequency");
    assertFrequency(frequencyHz);
    if (frequencyHz > this.#highestFrequencyHz) {
      throw new BpfError("invalid-argument", `cannot go on at ${frequencyHz} Hz`, {
        hint: `its tables are sized for ${this.#highestFrequencyHz} Hz, with which it was started`,
      });
    }
    // Each sample stands for the time of its own frequency.
    events.pause();
    try {
      const profile = await this.snapshot();
      this.#frequencyHz = frequencyHz;
      this.#store.periodNs = 1e9 / frequencyHz;
      return profile;
    } finally {
      // As before, where the snapshot failed.
      if (this.#stoppedNs === undefined) events.resume(this.#frequencyHz);
    }
  }

  /** Detaches, so that nothing is counted any more; what was counted can still be taken. */
  stop(): void {
    if (this.#stoppedNs !== undefined) return;
    clearTimeout(this.#timer);
    this.#events?.[Symbol.dispose]();
    for (const hook of this.#hooks.splice(0)) hook[Symbol.dispose]();
    this.#stoppedNs = process.hrtime.bigint();
  }

  /** Samples (or intervals) that were seen since the start, of which some may be lost or not read yet. */
  get seen(): number {
    return this.#counters.read().seen;
  }

  overhead(): Overhead {
    return overheadOf(this.#kernelHalf.collection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await Promise.allSettled([this.#reading]);
    this.#reader?.[Symbol.dispose]();
    this.#kernelHalf[Symbol.dispose]();
    this.#symbolizer[Symbol.dispose]();
  }

  #attach({ pids, followChildren = true, startOnExec = false }: CpuProfilerOptions): void {
    const { programs, maps, globals } = this.#kernelHalf;
    this.#reader = new RingBufferReader(maps.events, { onRecord: (view, offset) => this.#onEvent(view, offset) });
    this.#attachHook(programs.on_exec);
    this.#attachHook(programs.on_exit);
    this.#attachHook(programs.on_fork);
    if (pids !== undefined) {
      this.#targets?.add(pids, { pending: startOnExec, withDescendants: followChildren && !startOnExec });
    }
    this.#sinceNs = process.hrtime.bigint();
    globals.set("started_ns", this.#sinceNs);
    if (programs.on_sample !== undefined) {
      this.#events = SamplingEvents.open(programs.on_sample, this.#frequencyHz);
    }
    this.#attachHook(programs.on_switch);
    if (programs.seed_blocked !== undefined) {
      using iteration = attachIterator(programs.seed_blocked);
      runIterator(iteration);
    }
    this.#schedule();
  }

  /** Those of the other mode are not loaded. */
  #attachHook(program: Program | undefined): void {
    if (program !== undefined) this.#hooks.push(program.attach());
  }

  /** Takes what the kernel half has counted so far. Reads are serial: there are two tables, not three. */
  #read(): Promise<ReadResult> {
    const result = this.#reading.then(async () => {
      const { globals, maps } = this.#kernelHalf;
      const first = globals.get("active") === 0;
      globals.set("active", first ? 1 : 0);
      const untilNs = this.#stoppedNs ?? process.hrtime.bigint();
      // Programs that started before the switch may still be adding to the table that is read now.
      await programsQuiesced();
      const open = this.#readOpenIntervals(untilNs);
      this.#images.refreshJitNames();
      for (const { count, keys, values } of (first ? maps.stacks_0 : maps.stacks_1).takeBatches()) {
        for (let row = 0; row < count; row++) {
          this.#store.addStack(keys.getBigUint64(row * 8, true), readFrames(values, row * STACK_BYTES));
        }
      }
      for (const { count, keys, values } of (first ? maps.counts_0 : maps.counts_1).takeBatches()) {
        for (let row = 0; row < count; row++) {
          const { count: samples, durationNs } = readSampleValue(values, row * SAMPLE_VALUE_BYTES);
          this.#store.add(readSampleKey(keys, row * SAMPLE_KEY_BYTES), samples, durationNs);
        }
      }
      this.#store.settle();
      return { untilNs, open };
    });
    this.#reading = result.then(() => undefined);
    return result;
  }

  /** What has to be done now and then, whether or not somebody takes a snapshot. */
  async #maintain(): Promise<void> {
    const { open } = await this.#read();
    // An interval refers to its stack from its beginning to its end, which may come many reads later.
    this.#store.forgetStacks(new Set(open.flatMap(({ key }) => [key.kernelStack, key.userStack])));
    if (this.#stoppedNs !== undefined) return;
    this.#events?.refresh();
    this.#targets?.refresh();
    this.#schedule();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      // A read that failed fails every later one too: snapshot() is where it is reported.
      this.#maintain().catch(() => undefined);
    }, this.#sizes.readIntervalMs);
  }

  /** Threads that are off the CPU. */
  #readOpenIntervals(untilNs: bigint): OpenInterval[] {
    if (this.mode === "on-cpu") return [];
    const open: OpenInterval[] = [];
    for (const { count, values } of this.#kernelHalf.maps.blocked.batches()) {
      for (let row = 0; row < count; row++) {
        const { key, sinceNs } = readBlocked(values, row * BLOCKED_BYTES);
        if (sinceNs < untilNs) open.push({ key, elapsedNs: Number(untilNs - sinceNs) });
      }
    }
    return open;
  }

  /** A `struct event` of profile.bpf.c. */
  #onEvent(view: DataView, offset: number): void {
    const pid = view.getUint32(offset + 4, true);
    switch (view.getUint32(offset, true)) {
      case EVENT_PROCESS_SEEN:
        this.#images.capture(pid, view.getBigUint64(offset + 8, true));
        break;
      case EVENT_TARGET_EXITED:
        this.#targets?.exited(pid);
        break;
    }
  }
}

/** Programs that do nothing in this mode are not even loaded. */
function isNeeded(program: string, mode: ProfileMode, withTargets: boolean): boolean {
  switch (program) {
    case "on_sample":
      return mode === "on-cpu";
    case "on_switch":
    case "seed_blocked":
      return mode === "off-cpu";
    case "on_fork":
      return withTargets;
    default:
      return true;
  }
}

import { type Program, possibleCpuCount, programsQuiesced, RingBufferReader } from "@skep/ebpf";
import { KernelCounters } from "../filters/kernel-counters.ts";
import { targetTableSizes, targetVariables } from "../filters/target-options.ts";
import { Targets } from "../filters/targets.ts";
import { type Overhead, overheadOf } from "../overhead.ts";
import { threadCount } from "../profiling/profiler-options.ts";
import { recursionMisses } from "../recursion-misses.ts";
import { loadedForm, syscallProgramNames } from "../syscall-forms.ts";
import { callVariables } from "./call-traits.ts";
import { SyscallNames } from "./kernel-names.ts";
import { ProcessNames } from "./process-names.ts";
import type { SyscallLossReason, SyscallReport } from "./syscall-report.ts";
import { SyscallStore } from "./syscall-store.ts";
import { DEFAULT_LIMITS, type SyscallTracerOptions, type TableSizes, tableSizes } from "./syscall-tracer-options.ts";
import { type Counters, type Loaded, load } from "./syscalls.bpf.ts";
import { TableReader } from "./table-reader.ts";

/** `EVENT_*` of syscalls.bpf.c. */
const EVENT_TARGET_EXITED = 1;
const EVENT_TABLES_FILLING = 2;

/** So often the tables are read at least, for processes to get their names while they live. */
const READ_INTERVAL_MS = 1000;

/** Processes whose names are remembered from one read to the next, at some 300 bytes each. */
const NAMES_LIMIT = 10_000;

/** Tables that are sized for a busy second: they take little memory in all others. */
const ON_DEMAND = [
  "targets",
  ...["counts_0", "counts_1", "durations_0", "durations_1", "errors_0", "errors_1", "names_0", "names_1"],
  "more_under_way",
];

/** Without a choice of processes there is always one. */
const NEVER = new Promise<void>(() => undefined);

/**
 * Which system calls are made, how long they take and what fails: adds them up in the kernel, by process and call.
 *
 * Runs until it is disposed of. Kernel floor: 5.8 with BTF. Needs CAP_BPF and CAP_PERFMON.
 */
export class SyscallTracer implements AsyncDisposable {
  readonly #kernelHalf: Loaded;
  readonly #hooks: Disposable[] = [];
  readonly #targets: Targets | undefined;
  readonly #counters: KernelCounters<keyof Counters>;
  readonly #store: SyscallStore;
  readonly #tables: TableReader;
  #reader: RingBufferReader | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stoppedNs: bigint | undefined;
  /** Start of what the next snapshot covers. */
  #sinceNs = 0n;
  /** Calls that the kernel had left out up to there. */
  #recursion = 0;
  /** How often one found no room, as far as that was taken. */
  #unattributed = 0;
  /** The last read; they run one after the other. */
  #reading: Promise<void> = Promise.resolve();

  private constructor(kernelHalf: Loaded, names: SyscallNames, options: SyscallTracerOptions) {
    this.#kernelHalf = kernelHalf;
    this.#targets = options.pids === undefined ? undefined : new Targets(kernelHalf.maps.targets);
    this.#counters = new KernelCounters(kernelHalf.maps.counters);
    const timed = options.latencies ?? true;
    const processNames = new ProcessNames(NAMES_LIMIT);
    this.#store = new SyscallStore(names, processNames, { ...DEFAULT_LIMITS, ...options.limits }, timed);
    this.#tables = new TableReader(kernelHalf.maps, timed, processNames, this.#store);
  }

  /**
   * Loads, attaches and starts counting.
   *
   * @throws BpfError `invalid-argument` for a call that there isn't, `not-found` for a process or cgroup that is not
   *   there, `not-permitted` without the capabilities, `not-supported` on a kernel without BTF
   */
  static async start(options: SyscallTracerOptions = {}): Promise<SyscallTracer> {
    const names = SyscallNames.ofMachine();
    const timed = options.latencies ?? true;
    const sizes: TableSizes = { ...tableSizes(possibleCpuCount(), threadCount()), ...options.tableSizes };
    const { rows, threads } = sizes;
    const frontRows = possibleCpuCount() << sizes.frontBits;
    const optionalPrograms = timed
      ? syscallProgramNames("on_start", "on_timed_return")
      : [...syscallProgramNames("on_return"), "on_rename"];
    if (options.pids !== undefined) optionalPrograms.push("on_fork");
    const kernelHalf = await load({
      globals: {
        ...targetVariables(options),
        ...callVariables(names, options.calls),
        timed,
        front_bits: sizes.frontBits,
        filling_rows: sizes.fillingRows,
      },
      maxEntries: {
        ...targetTableSizes(options),
        ...(timed
          ? { front_durations_0: frontRows, front_durations_1: frontRows, durations_0: rows, durations_1: rows }
          : { front_counts_0: frontRows, front_counts_1: frontRows, counts_0: rows, counts_1: rows }),
        ...(timed ? { more_under_way: threads } : { under_way: 1 }),
        errors_0: rows,
        errors_1: rows,
        names_0: rows,
        names_1: rows,
      },
      onDemand: ON_DEMAND,
      programs: ({ name, optional }) => !optional || optionalPrograms.includes(name),
    });
    const tracer = new SyscallTracer(kernelHalf, names, options);
    try {
      tracer.#attach(options);
      return tracer;
    } catch (error) {
      await tracer[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resolves when none of `pids`, and none of their children where these are followed, runs any more. */
  get exited(): Promise<void> {
    return this.#targets?.allExited ?? NEVER;
  }

  /** What was counted since the start or the last snapshot. A call is in the one in which it returned. */
  async snapshot(): Promise<SyscallReport> {
    const untilNs = await this.#read();
    const { syscalls, processes, unattributed, evicted } = this.#store.take(this.#tables.callsUnderWay());
    const counted = this.#counters.takeDifference();
    const recursion = this.#countRecursion();
    const durationNs = Number(untilNs - this.#sinceNs);
    const report: SyscallReport = {
      timeUnixNs: BigInt(Date.now()) * 1_000_000n - BigInt(durationNs),
      durationNs,
      syscalls,
      processes,
      lost: { recursion: recursion - this.#recursion },
      incomplete: {
        startNotSeen: counted.start_not_seen,
        unattributed,
        evicted,
        childrenNotFollowed: counted.targets_full,
      },
    };
    this.#sinceNs = untilNs;
    this.#recursion = recursion;
    return report;
  }

  /** Detaches, so that nothing is counted any more; what was counted can still be taken. */
  stop(): void {
    if (this.#stoppedNs !== undefined) return;
    clearTimeout(this.#timer);
    for (const hook of this.#hooks.splice(0)) hook[Symbol.dispose]();
    this.#stoppedNs = process.hrtime.bigint();
  }

  /** Since the start. */
  lost(): Readonly<Record<SyscallLossReason, number>> {
    return { recursion: this.#countRecursion() };
  }

  overhead(): Overhead {
    return overheadOf(this.#kernelHalf.collection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await Promise.allSettled([this.#reading]);
    this.#reader?.[Symbol.dispose]();
    this.#kernelHalf[Symbol.dispose]();
  }

  #attach({ pids, followChildren = true, startOnExec = false }: SyscallTracerOptions): void {
    const { programs, maps } = this.#kernelHalf;
    this.#reader = new RingBufferReader(maps.events, { onRecord: (view, offset) => this.#onEvent(view, offset) });
    this.#attachHook(programs.on_exec);
    this.#attachHook(programs.on_exit);
    this.#attachHook(programs.on_fork);
    if (pids !== undefined) {
      this.#targets?.add(pids, { pending: startOnExec, withDescendants: followChildren && !startOnExec });
    }
    // What tells of a call's beginning comes before what counts its end.
    this.#attachHook(programs.on_rename);
    this.#attachHook(loadedForm(programs, "on_start"));
    this.#sinceNs = process.hrtime.bigint();
    this.#attachHook(loadedForm(programs, "on_return"));
    this.#attachHook(loadedForm(programs, "on_timed_return"));
    this.#schedule();
  }

  /** Those of the other mode are not loaded. */
  #attachHook(program: Program | undefined): void {
    if (program !== undefined) this.#hooks.push(program.attach());
  }

  /**
   * Takes what the kernel half has counted so far, and says up to when, by CLOCK_MONOTONIC. Reads are serial: there are
   * two tables, not three.
   */
  #read(): Promise<bigint> {
    const result = this.#reading.then(async () => {
      const { globals } = this.#kernelHalf;
      const table = globals.get("active") === 0 ? 0 : 1;
      globals.set("active", 1 - table);
      globals.set("rows_made", 0);
      globals.set("asked_to_flip", false);
      const untilNs = this.#stoppedNs ?? process.hrtime.bigint();
      // Programs that started before the switch may still be adding to the table that is read now.
      await programsQuiesced();
      this.#tables.take(table);
      this.#takeUnattributed();
      this.#store.settle();
      return untilNs;
    });
    this.#reading = result.then(() => undefined);
    return result;
  }

  /** What has to be done now and then, whether or not somebody takes a snapshot. */
  async #maintain(): Promise<void> {
    await this.#read();
    if (this.#stoppedNs !== undefined) return;
    this.#targets?.refresh();
    this.#schedule();
  }

  #takeUnattributed(): void {
    const { unattributed } = this.#counters.read();
    if (unattributed === this.#unattributed) return;
    this.#unattributed = unattributed;
    this.#tables.takeUnattributed();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      // A read that failed fails every later one too: snapshot() is where it is reported.
      this.#maintain().catch(() => undefined);
    }, READ_INTERVAL_MS);
  }

  /** Calls whose end the kernel did not show to the programs. Those of processes that are not traced are among them. */
  #countRecursion(): number {
    const { programs } = this.#kernelHalf;
    return recursionMisses(
      loadedForm(programs, "on_return"),
      loadedForm(programs, "on_timed_return"),
      programs.on_exit,
    );
  }

  /** A `struct event` of syscalls.bpf.c. */
  #onEvent(view: DataView, offset: number): void {
    switch (view.getUint32(offset, true)) {
      case EVENT_TARGET_EXITED:
        this.#targets?.exited(view.getUint32(offset + 4, true));
        break;
      case EVENT_TABLES_FILLING:
        // One that fails is reported by the next snapshot.
        this.#read().catch(() => undefined);
        break;
    }
  }
}

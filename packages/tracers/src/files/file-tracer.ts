import { KernelBtf, type Program, programsQuiesced, RingBufferReader } from "@skep/ebpf";
import { KernelCounters } from "../filters/kernel-counters.ts";
import { targetTableSizes, targetVariables } from "../filters/target-options.ts";
import { Targets } from "../filters/targets.ts";
import { ioUringPrograms } from "../io-uring-hooks.ts";
import { type Overhead, overheadOf } from "../overhead.ts";
import { threadCount } from "../profiling/profiler-options.ts";
import { recursionMisses } from "../recursion-misses.ts";
import { loadedForm, syscallProgramNames } from "../syscall-forms.ts";
import { errorName, SyscallNames } from "../syscalls/kernel-names.ts";
import { TracedProcesses } from "../traced-processes.ts";
import { UnixClock } from "../unix-clock.ts";
import { fileCallTables } from "./file-calls.ts";
import { FileDescriptions, UNKNOWN_PATH } from "./file-descriptions.ts";
import type { FileLossReason, FileOperations, FileReport, SlowOperation } from "./file-report.ts";
import { FileStore, operationCount, sumOperations } from "./file-store.ts";
import {
  EventKind,
  FILE_KEY_BYTES,
  ROW_BYTES,
  readExitedPid,
  readFileKey,
  readFileRecord,
  readTotals,
} from "./file-table.ts";
import {
  assertFileTracerOptions,
  type FileTracerLimits,
  type FileTracerOptions,
  fileTracerLimits,
} from "./file-tracer-options.ts";
import { type Counters, type Loaded, load, type Totals } from "./files.bpf.ts";
import { SlowOperations } from "./slow-operations.ts";

/** Processes whose names are kept, at some 300 bytes each. */
const PROCESS_LIMIT = 4096;

/** Without a choice of processes there is always one. */
const NEVER = new Promise<void>(() => undefined);

/**
 * Which files are opened, read and written, by whom, and how long that takes: summed up in the kernel.
 *
 * Runs until it is disposed of. Kernel floor: 5.8 with BTF; requests of io_uring are seen from 5.19 on. Needs CAP_BPF,
 * CAP_PERFMON and, to read the names of other users' programs, CAP_SYS_PTRACE.
 */
export class FileTracer implements AsyncDisposable {
  readonly #kernelHalf: Loaded;
  readonly #hooks: Disposable[] = [];
  readonly #targets: Targets | undefined;
  readonly #counters: KernelCounters<keyof Counters>;
  readonly #unattributed: KernelCounters<keyof Totals>;
  readonly #descriptions: FileDescriptions;
  readonly #store: FileStore;
  readonly #clock = new UnixClock();
  readonly #readIntervalMs: number;
  readonly #slowOperations: SlowOperations;
  #reader: RingBufferReader | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stoppedNs: bigint | undefined;
  /** Start of what the next snapshot covers. */
  #sinceNs = 0n;
  #pathUnknown = 0;
  /** What the last snapshot told of as lost. */
  #toldLost: Readonly<Record<FileLossReason, number>>;
  /** The last read; they run one after the other. */
  #reading: Promise<void> = Promise.resolve();
  #readIsDue = false;

  private constructor(kernelHalf: Loaded, options: FileTracerOptions, limits: FileTracerLimits, names: SyscallNames) {
    this.#kernelHalf = kernelHalf;
    this.#targets = options.pids === undefined ? undefined : new Targets(kernelHalf.maps.targets);
    this.#counters = new KernelCounters(kernelHalf.maps.counters);
    this.#unattributed = new KernelCounters(kernelHalf.maps.unattributed);
    this.#descriptions = new FileDescriptions(new TracedProcesses(PROCESS_LIMIT));
    this.#store = new FileStore(limits.files);
    this.#readIntervalMs = limits.readIntervalMs;
    this.#slowOperations = new SlowOperations(this.#descriptions, names, this.#clock);
    this.#toldLost = this.lost();
  }

  /**
   * Loads, attaches and starts counting.
   *
   * @throws BpfError `invalid-argument` for options out of range, `not-found` for a process or cgroup that is not
   *   there, `not-permitted` without the capabilities, `not-supported` on a kernel without BTF
   */
  static async start(options: FileTracerOptions = {}): Promise<FileTracer> {
    assertFileTracerOptions(options);
    const targetGlobals = targetVariables(options);
    const limits = fileTracerLimits(threadCount(), options);
    const names = SyscallNames.ofMachine();
    using kernelBtf = KernelBtf.open();
    const ioUring: readonly string[] = ioUringPrograms(kernelBtf.vmlinux);
    const { calls, compatCalls } = fileCallTables(names, ioUring.length > 0);
    const callPrograms = syscallProgramNames("on_enter", "on_exit");
    const kernelHalf = await load({
      kernelBtf,
      globals: {
        ...targetGlobals,
        calls,
        compat_calls: compatCalls,
        filter_file_systems: options.fileSystems !== undefined,
        slow_ns: BigInt(options.slowNs ?? 0),
        nearly_full_rows: Math.ceil(limits.rows / 2),
      },
      maxEntries: {
        ...targetTableSizes(options),
        rows_0: limits.rows,
        rows_1: limits.rows,
        threads: limits.threads,
      },
      onDemand: ["targets", "rows_0", "rows_1", "threads"],
      programs: ({ name, optional }) =>
        !optional ||
        callPrograms.includes(name) ||
        ioUring.includes(name) ||
        (name === "on_fork" && options.pids !== undefined),
    });
    const tracer = new FileTracer(kernelHalf, options, limits, names);
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

  /** Whether requests of io_uring are seen one by one, and not just counted as missing: from Linux 5.19 on. */
  get seesIoUring(): boolean {
    const { on_request, on_request_before_6_4 } = this.#kernelHalf.programs;
    return (on_request ?? on_request_before_6_4) !== undefined;
  }

  /** What was counted since the start or the last snapshot. A call counts when it returns. */
  async snapshot(): Promise<FileReport> {
    const untilNs = await this.#read();
    const { files, unattributed, evicted } = this.#store.take();
    const counted = this.#counters.takeDifference();
    const lost = this.lost();
    const toldLost = this.#toldLost;
    const durationNs = Number(untilNs - this.#sinceNs);
    const report: FileReport = {
      timeUnixNs: this.#clock.toUnixNs(this.#sinceNs),
      durationNs,
      files,
      unattributed: sumOperations(unattributed, operationsOf(this.#unattributed.takeDifference())),
      lost: {
        threadsFull: lost.threadsFull - toldLost.threadsFull,
        recursion: lost.recursion - toldLost.recursion,
        eventsFull: lost.eventsFull - toldLost.eventsFull,
        eventsUnread: lost.eventsUnread - toldLost.eventsUnread,
      },
      incomplete: {
        startedBefore: counted.started_before,
        pathUnknown: this.#pathUnknown,
        evicted,
        childrenNotFollowed: counted.targets_full,
        ioUringNotSeen: counted.io_uring_not_seen,
        asyncNotSeen: counted.async_not_seen,
      },
    };
    this.#sinceNs = untilNs;
    this.#pathUnknown = 0;
    this.#toldLost = lost;
    return report;
  }

  /** The operations that took at least `slowNs`, from the start on. Ends when the tracer is stopped. For one reader. */
  events(): AsyncIterableIterator<SlowOperation> {
    return this.#slowOperations.events;
  }

  /** What was lost since the start, by reason. */
  lost(): Record<FileLossReason, number> {
    const { threads_full, slow_full } = this.#counters.read();
    return {
      threadsFull: threads_full,
      recursion: this.#recursionMisses(),
      eventsFull: slow_full,
      eventsUnread: this.#slowOperations.events.dropped,
    };
  }

  /** Detaches, so that nothing is counted any more; what was counted can still be taken. */
  stop(): void {
    if (this.#stoppedNs !== undefined) return;
    clearTimeout(this.#timer);
    for (const hook of this.#hooks.splice(0)) hook[Symbol.dispose]();
    this.#stoppedNs = process.hrtime.bigint();
    // A program may be at its end still, with one more event.
    this.#reading = this.#reading
      .then(() => programsQuiesced())
      .finally(() => {
        this.#reader?.drain();
        this.#slowOperations[Symbol.dispose]();
      })
      // Then the last events are missing, and reading the rows fails as well, which is told of.
      .catch(() => undefined);
  }

  overhead(): Overhead {
    return overheadOf(this.#kernelHalf.collection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.#reading;
    this.#reader?.[Symbol.dispose]();
    this.#kernelHalf[Symbol.dispose]();
  }

  #attach(options: FileTracerOptions): void {
    const { pids, followChildren = true, startOnExec = false, fileSystems = [] } = options;
    const { programs, maps } = this.#kernelHalf;
    for (const name of fileSystems) maps.wanted_file_systems.set(name, 1);
    this.#reader = new RingBufferReader(maps.events, { onRecord: (view, offset) => this.#onRecord(view, offset) });
    this.#attachHook(programs.on_exec);
    this.#attachHook(programs.on_thread_exit);
    this.#attachHook(programs.on_fork);
    if (pids !== undefined) {
      this.#targets?.add(pids, { pending: startOnExec, withDescendants: followChildren && !startOnExec });
    }
    this.#sinceNs = process.hrtime.bigint();
    this.#attachHook(programs.on_request);
    this.#attachHook(programs.on_request_before_6_4);
    this.#attachHook(programs.on_completion);
    this.#attachHook(programs.on_completion_with_result);
    // What enters before is what on_exit takes for having begun before the start.
    this.#attachHook(loadedForm(programs, "on_enter"));
    this.#attachHook(loadedForm(programs, "on_exit"));
    this.#schedule();
  }

  /** Some are not loaded. */
  #attachHook(program: Program | undefined): void {
    if (program !== undefined) this.#hooks.push(program.attach());
  }

  /** Takes what the kernel half has counted so far; answers until when. Reads are serial: there are two tables, not three. */
  #read(): Promise<bigint> {
    const result = this.#reading.then(async () => {
      const { globals, maps } = this.#kernelHalf;
      const table = globals.get("active");
      globals.set("active", 1 - table);
      const untilNs = this.#stoppedNs ?? process.hrtime.bigint();
      // Programs that started before the switch may still be adding to the table that is read now.
      await programsQuiesced();
      // They have told of all its files.
      this.#reader?.drain();
      for (const { count, keys, values } of (table === 0 ? maps.rows_0 : maps.rows_1).takeBatches()) {
        for (let row = 0; row < count; row++) this.#addRow(keys, row * FILE_KEY_BYTES, values, row * ROW_BYTES);
      }
      this.#descriptions.rotate();
      this.#tableIsEmpty(table);
      return untilNs;
    });
    // Who asked for it is told of a failure; the next one tries again.
    this.#reading = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  #addRow(keys: DataView, keyOffset: number, values: DataView, valueOffset: number): void {
    const key = readFileKey(keys, keyOffset);
    const operations = readTotals(values, valueOffset);
    const description = this.#descriptions.get(key);
    if (description.path === UNKNOWN_PATH) this.#pathUnknown += operationCount(operations);
    this.#store.add(description, operations, key.error === 0 ? undefined : errorName(key.error));
  }

  /** The kernel half may ask again that it be emptied. */
  #tableIsEmpty(table: number): void {
    const { globals } = this.#kernelHalf;
    for (const name of ["used_rows", "asked_to_empty"] as const) globals.view(name).setUint32(table * 4, 0, true);
  }

  /** What has to be done now and then, whether or not somebody takes a snapshot. */
  async #maintain(): Promise<void> {
    await this.#read();
    if (this.#stoppedNs !== undefined) return;
    this.#clock.adjust();
    this.#targets?.refresh();
    this.#schedule();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      // What makes a read fail makes the next one fail, too: snapshot() is where it is reported.
      this.#maintain().catch(() => undefined);
    }, this.#readIntervalMs);
  }

  #onRecord(view: DataView, offset: number): void {
    switch (view.getUint32(offset, true)) {
      case EventKind.file:
        this.#descriptions.add(readFileRecord(view, offset));
        break;
      case EventKind.slow:
        this.#slowOperations.add(view, offset);
        break;
      case EventKind.nearlyFull:
        this.#readSoon();
        break;
      case EventKind.targetExited:
        this.#targets?.exited(readExitedPid(view, offset));
        break;
    }
  }

  /** Now, not when the timer says so; but once for all who ask. */
  #readSoon(): void {
    if (this.#readIsDue) return;
    this.#readIsDue = true;
    this.#read()
      // As in #schedule().
      .catch(() => undefined)
      .finally(() => {
        this.#readIsDue = false;
      });
  }

  #recursionMisses(): number {
    const { programs } = this.#kernelHalf;
    return recursionMisses(loadedForm(programs, "on_enter"), loadedForm(programs, "on_exit"));
  }
}

function operationsOf(totals: Readonly<Record<keyof Totals, number>>): FileOperations {
  return {
    opens: totals.opens,
    reads: totals.reads,
    writes: totals.writes,
    syncs: totals.syncs,
    readBytes: totals.read_bytes,
    writtenBytes: totals.written_bytes,
    openNs: totals.open_ns,
    readNs: totals.read_ns,
    writeNs: totals.write_ns,
    syncNs: totals.sync_ns,
  };
}

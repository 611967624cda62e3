import { type EventQueue, type EventQueueOptions, type Program, RingBufferReader } from "@skep/ebpf";
import { difference } from "../difference.ts";
import { EventReaders } from "../event-readers.ts";
import { KernelCounters } from "../filters/kernel-counters.ts";
import { type TargetOptions, targetTableSizes, targetVariables } from "../filters/target-options.ts";
import { Targets } from "../filters/targets.ts";
import { type Overhead, overheadOf } from "../overhead.ts";
import { recursionMisses } from "../recursion-misses.ts";
import { loadedForm, syscallProgramNames } from "../syscall-forms.ts";
import { UnixClock } from "../unix-clock.ts";
import { EventDecoder } from "./event-decoder.ts";
import { ProcessCounts } from "./process-counts.ts";
import type { ProcessEvent, ProcessIncompleteReason, ProcessLossReason, ProcessReport } from "./process-event.ts";
import { type Counters, type Loaded, load } from "./processes.bpf.ts";

export interface ProcessTracerOptions extends TargetOptions {
  /** Tell of failed execs, too: every system call of the machine costs a little more then. Defaults to true. */
  readonly execFailures?: boolean;
  /** Size of the ring buffer, rounded up to a power of two. Defaults to 512 KiB. */
  readonly ringBytes?: number;
}

const DEFAULT_RING_BYTES = 512 * 1024;
/** An event is at most this old when it comes, unless the ring fills up before. */
const DRAIN_INTERVAL_MS = 100;
const MAINTENANCE_INTERVAL_MS = 1000;
/** How long to wait at the end for threads that are in the middle of theirs. More than a few ms only on a busy machine. */
const LAST_ENDINGS_MS = 1000;

type Losses = Readonly<Record<ProcessLossReason, number>>;
type Shortcomings = Readonly<Record<ProcessIncompleteReason, number>>;

/** Without a choice of processes there is always one. */
const NEVER = new Promise<void>(() => undefined);

/**
 * Tells of each process that starts, runs another program, fails to, or ends.
 *
 * Runs until it is disposed of. Kernel threads are left out. Kernel floor: 5.8 with BTF. Needs CAP_BPF and CAP_PERFMON.
 */
export class ProcessTracer implements AsyncDisposable {
  readonly #kernelHalf: Loaded;
  readonly #hooks: Disposable[] = [];
  readonly #targets: Targets | undefined;
  readonly #counters: KernelCounters<keyof Counters>;
  readonly #clock = new UnixClock();
  readonly #decoder = new EventDecoder(this.#clock);
  readonly #events = new EventReaders<ProcessEvent>();
  readonly #reader: RingBufferReader;
  #counts = new ProcessCounts();
  /** At the last snapshot. */
  #lostBefore: Losses | undefined;
  #incompleteBefore: Shortcomings | undefined;
  #switchHook: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sinceNs = process.hrtime.bigint();
  #stoppedNs: bigint | undefined;

  private constructor(kernelHalf: Loaded, options: ProcessTracerOptions) {
    const { maps } = kernelHalf;
    this.#kernelHalf = kernelHalf;
    this.#targets = options.pids === undefined ? undefined : new Targets(maps.targets);
    this.#counters = new KernelCounters(maps.counters);
    this.#reader = new RingBufferReader(maps.events, {
      onRecord: (view, offset) => this.#onRecord(view, offset),
      drainIntervalMs: DRAIN_INTERVAL_MS,
    });
  }

  /**
   * Loads, attaches and starts to look.
   *
   * @throws BpfError `invalid-argument` for options out of range, `not-found` for a process or cgroup that is not
   *   there, `not-permitted` without the capabilities, `not-supported` on a kernel without BTF
   */
  static async start(options: ProcessTracerOptions = {}): Promise<ProcessTracer> {
    const { execFailures = true, ringBytes = DEFAULT_RING_BYTES } = options;
    const onSysExit = syscallProgramNames("on_sys_exit");
    const kernelHalf = await load({
      globals: { ...targetVariables(options), wake_up_bytes: BigInt(Math.floor(ringBytes / 4)) },
      maxEntries: { ...targetTableSizes(options), events: ringBytes },
      onDemand: ["targets", "process_times", "endings"],
      programs: ({ name, optional }) => !optional || (execFailures && onSysExit.includes(name)),
    });
    let tracer: ProcessTracer | undefined;
    try {
      tracer = new ProcessTracer(kernelHalf, options);
      tracer.#attach(options);
      return tracer;
    } catch (error) {
      await (tracer ?? kernelHalf)[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resolves when none of `pids`, and none of their children where these are followed, runs any more. */
  get exited(): Promise<void> {
    return this.#targets?.allExited ?? NEVER;
  }

  /**
   * The events from now on, for `for await`. They come up to 100 ms late, in the order in which they happened. An exit is
   * told when the thread has left the CPU for good: its parent may know a little earlier. Ends with `stop()`.
   */
  events(options: Pick<EventQueueOptions, "capacity"> = {}): EventQueue<ProcessEvent> {
    return this.#events.add(options);
  }

  /** What was counted since the start or the last snapshot. */
  async snapshot(): Promise<ProcessReport> {
    this.#reader.drain();
    const untilNs = this.#stoppedNs ?? process.hrtime.bigint();
    const lost = this.lost();
    const incomplete = this.#incomplete();
    const report: ProcessReport = {
      timeUnixNs: this.#clock.toUnixNs(this.#sinceNs),
      durationNs: Number(untilNs - this.#sinceNs),
      ...this.#counts.report,
      lost: difference(lost, this.#lostBefore),
      incomplete: difference(incomplete, this.#incompleteBefore),
    };
    this.#counts = new ProcessCounts();
    this.#lostBefore = lost;
    this.#incompleteBefore = incomplete;
    this.#sinceNs = untilNs;
    return report;
  }

  /** Events that are missing, since the start. */
  lost(): Losses {
    const counted = this.#counters.read();
    const { on_fork_second, on_exec_second, on_exit_second } = this.#kernelHalf.programs;
    return {
      starts: counted.starts_lost,
      execs: counted.execs_lost,
      execFailures: counted.exec_failures_lost,
      exits: counted.exits_lost,
      interrupted: recursionMisses(on_fork_second, on_exec_second, on_exit_second),
      unread: this.#events.unread,
    };
  }

  /** Events that the kernel half saw since the start, of which some may be lost or not read yet. */
  get seen(): number {
    const { starts, execs, exec_failures, exits } = this.#counters.read();
    return starts + execs + exec_failures + exits;
  }

  /** Detaches, and ends `events()` after those that there are; what was counted can still be taken. */
  stop(): void {
    if (this.#stoppedNs !== undefined) return;
    clearInterval(this.#timer);
    for (const hook of this.#hooks.splice(0)) hook[Symbol.dispose]();
    this.#awaitEndings();
    this.#switchHook?.[Symbol.dispose]();
    this.#stoppedNs = process.hrtime.bigint();
    this.#reader.drain();
    this.#targets?.refresh();
    this.#events[Symbol.dispose]();
  }

  overhead(): Overhead {
    return overheadOf(this.#kernelHalf.collection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    this.#reader[Symbol.dispose]();
    this.#kernelHalf[Symbol.dispose]();
  }

  #incomplete(): Shortcomings {
    const counted = this.#counters.read();
    return {
      childrenNotFollowed: counted.targets_full,
      cgroupsUnknown: counted.cgroups_lost,
      threadTimesShort: counted.endings_full + counted.process_times_full,
      callsNotSeen: recursionMisses(loadedForm(this.#kernelHalf.programs, "on_sys_exit")),
    };
  }

  #attach({ pids, followChildren = true, startOnExec = false }: ProcessTracerOptions): void {
    const { programs } = this.#kernelHalf;
    // What ends an exit goes before what begins one, so that each one that is begun is ended.
    this.#switchHook = programs.on_switch.attach();
    for (const program of [programs.on_exit, programs.on_exit_second, programs.on_exec, programs.on_exec_second]) {
      this.#attachHook(program);
    }
    for (const program of [programs.on_fork, programs.on_fork_second, loadedForm(programs, "on_sys_exit")])
      this.#attachHook(program);
    if (pids !== undefined) {
      this.#targets?.add(pids, { pending: startOnExec, withDescendants: followChildren && !startOnExec });
    }
    this.#sinceNs = process.hrtime.bigint();
    this.#timer = setInterval(() => this.#maintain(), MAINTENANCE_INTERVAL_MS);
  }

  #attachHook(program: Program | undefined): void {
    if (program !== undefined) this.#hooks.push(program.attach());
  }

  #maintain(): void {
    this.#clock.adjust();
    this.#targets?.refresh();
  }

  /** A thread in the middle of its end has microseconds to go; its parent, who may have called this, knows already. */
  #awaitEndings(): void {
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    const giveUpMs = performance.now() + LAST_ENDINGS_MS;
    while (performance.now() < giveUpMs) {
      const { done } = this.#kernelHalf.maps.endings.keys().next();
      if (done === true) return;
      Atomics.wait(sleeper, 0, 0, 1);
    }
  }

  #onRecord(view: DataView, offset: number): void {
    const event = this.#decoder.decode(view, offset);
    if (event === undefined) return;
    this.#counts.add(event);
    this.#events.push(event);
    if (event.kind === "exit") this.#targets?.exited(event.pid);
  }
}

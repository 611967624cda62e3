import {
  attachIterator,
  type EventQueue,
  type EventQueueOptions,
  type Program,
  RingBufferReader,
  runIterator,
} from "@skep/ebpf";
import { difference } from "../../difference.ts";
import { EventReaders } from "../../event-readers.ts";
import { KernelCounters } from "../../filters/kernel-counters.ts";
import { targetTableSizes, targetVariables } from "../../filters/target-options.ts";
import { Targets } from "../../filters/targets.ts";
import { type Overhead, overheadOf } from "../../overhead.ts";
import { missesOfAll, recursionMisses } from "../../recursion-misses.ts";
import { loadedForm, syscallProgramNames } from "../../syscall-forms.ts";
import { UnixClock } from "../../unix-clock.ts";
import { type Counters, type Loaded, load } from "../connections.bpf.ts";
import type {
  ConnectionEvent,
  ConnectionIncompleteReason,
  ConnectionLossReason,
  ConnectionReport,
  Listener,
  LiveConnection,
} from "./connection.ts";
import { ConnectionDecoder } from "./connection-decoder.ts";
import { LIVE_RECORD_BYTES, RecordKind, readExitedPid, readKind } from "./connection-records.ts";
import { ConnectionStore } from "./connection-store.ts";
import {
  type ConnectionTracerLimits,
  type ConnectionTracerOptions,
  connectionTracerLimits,
} from "./connection-tracer-options.ts";

/** An event is at most this old when it comes, unless the ring fills up before. */
/** Needed only where processes are chosen. */
const TARGET_PROGRAMS: readonly string[] = ["on_fork", "on_exec", "on_exit"];
const DRAIN_INTERVAL_MS = 100;
const MAINTENANCE_INTERVAL_MS = 1000;

/** Without a choice of processes there is always one. */
const NEVER = new Promise<void>(() => undefined);

type Losses = Readonly<Record<ConnectionLossReason, number>>;
type Shortcomings = Readonly<Record<ConnectionIncompleteReason, number>>;

/** What is counted for the whole machine, and what both kinds of shortcomings are made of. */
interface Totals {
  readonly neverAccepted: number;
  readonly synAckRetransmits: number;
  readonly resetsSent: number;
  readonly resetsReceived: number;
}

interface Live {
  readonly connections: LiveConnection[];
  readonly listeners: Listener[];
  /** A process has one of the connections, and it isn't known which. */
  readonly held: boolean;
}

/**
 * Tells of each TCP connection and each connection of Unix stream sockets that is opened, fails or is closed; and which
 * there are, also those from before the start, with the counters of their sockets, in all network namespaces.
 *
 * Of Unix sockets pairs (socketpair) are not seen, and the end of a connection is seen up to a second late. Runs until it is
 * disposed of. Kernel floor: 5.8 with BTF. Needs CAP_BPF and CAP_PERFMON.
 */
export class ConnectionTracer implements AsyncDisposable {
  readonly #kernelHalf: Loaded;
  readonly #hooks: Disposable[] = [];
  readonly #targets: Targets | undefined;
  readonly #counters: KernelCounters<keyof Counters>;
  readonly #clock = new UnixClock();
  readonly #decoder = new ConnectionDecoder(this.#clock);
  readonly #store: ConnectionStore;
  readonly #events = new EventReaders<ConnectionEvent>();
  readonly #reader: RingBufferReader;
  #delivered = 0;
  /** At the last snapshot. */
  #lostBefore: Losses | undefined;
  #incompleteBefore: Shortcomings | undefined;
  #totalsBefore: Totals | undefined;
  #peersFull = 0;
  #timer: NodeJS.Timeout | undefined;
  #sinceNs = process.hrtime.bigint();
  #stoppedNs: bigint | undefined;

  private constructor(kernelHalf: Loaded, options: ConnectionTracerOptions, limits: ConnectionTracerLimits) {
    const { maps } = kernelHalf;
    this.#kernelHalf = kernelHalf;
    this.#targets = options.pids === undefined ? undefined : new Targets(maps.targets);
    this.#counters = new KernelCounters(maps.counters);
    this.#store = new ConnectionStore(limits.peers);
    this.#reader = new RingBufferReader(maps.events, {
      onRecord: (view, offset) => this.#onRecord(view, offset),
      drainIntervalMs: DRAIN_INTERVAL_MS,
    });
  }

  /**
   * Loads, attaches, and finds the connections that there are.
   *
   * @throws BpfError `invalid-argument` for options out of range, `not-found` for a process or cgroup that is not
   *   there, `not-permitted` without the capabilities, `not-supported` on a kernel without BTF
   */
  static async start(options: ConnectionTracerOptions = {}): Promise<ConnectionTracer> {
    const limits = connectionTracerLimits(options);
    const onCall = syscallProgramNames("on_call");
    const kernelHalf = await load({
      globals: { ...targetVariables(options), wake_up_bytes: BigInt(Math.floor(limits.ringBytes / 4)) },
      maxEntries: { ...targetTableSizes(options), connections: limits.connections, events: limits.ringBytes },
      onDemand: ["targets", "connections"],
      programs: ({ name, optional }) =>
        !optional || onCall.includes(name) || (TARGET_PROGRAMS.includes(name) && options.pids !== undefined),
    });
    let tracer: ConnectionTracer | undefined;
    try {
      tracer = new ConnectionTracer(kernelHalf, options, limits);
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

  /** The events from now on, for `for await`. They come up to 100 ms late. Ends with `stop()`. */
  events(options: Pick<EventQueueOptions, "capacity"> = {}): EventQueue<ConnectionEvent> {
    return this.#events.add(options);
  }

  /** What there is now, and what was counted since the start or the last snapshot. */
  async snapshot(): Promise<ConnectionReport> {
    this.#findClosed();
    const untilNs = this.#stoppedNs ?? process.hrtime.bigint();
    const { connections, listeners } = this.#readAdopted();
    const { lastId } = this.#decoder;
    // What is closed and not among these has been told of now.
    this.#reader.drain();
    const ids = new Set(connections.map(({ id }) => id));
    this.#decoder.retain(ids, lastId);
    this.#store.addLive(connections, ids);
    const { peersFull, ...counted } = this.#store.take();
    this.#peersFull += peersFull;
    const [lost, incomplete, totals] = [this.lost(), this.#incomplete(), this.#totals()];
    const report: ConnectionReport = {
      timeUnixNs: this.#clock.toUnixNs(this.#sinceNs),
      durationNs: Number(untilNs - this.#sinceNs),
      connections,
      listeners,
      ...counted,
      ...difference(totals, this.#totalsBefore),
      lost: difference(lost, this.#lostBefore),
      incomplete: difference(incomplete, this.#incompleteBefore),
    };
    this.#lostBefore = lost;
    this.#incompleteBefore = incomplete;
    this.#totalsBefore = totals;
    this.#sinceNs = untilNs;
    return report;
  }

  /** What is missing, since the start. */
  lost(): Losses {
    const counted = this.#counters.read();
    const { on_state, on_state_second, on_destroy, on_destroy_second } = this.#kernelHalf.programs;
    return {
      opened: counted.opened_lost,
      closed: counted.closed_lost,
      failed: counted.failed_lost,
      connectionsFull: counted.connections_full,
      interrupted: missesOfAll(on_state, on_state_second) + missesOfAll(on_destroy, on_destroy_second),
      unread: this.#events.unread,
    };
  }

  /** Events that the kernel half saw since the start, of which some may be lost or not read yet. */
  get seen(): number {
    const { opened, closed, failed } = this.#counters.read();
    return opened + closed + failed;
  }

  /** Events since the start, each of which went to every `events()` that there was then. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Detaches, and ends `events()` after those that there are; what was counted can still be taken. */
  stop(): void {
    if (this.#stoppedNs !== undefined) return;
    clearInterval(this.#timer);
    for (const hook of this.#hooks.splice(0)) hook[Symbol.dispose]();
    this.#stoppedNs = process.hrtime.bigint();
    this.#findClosed();
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
      callsNotSeen: recursionMisses(loadedForm(this.#kernelHalf.programs, "on_call")),
      peersFull: this.#peersFull,
    };
  }

  #totals(): Totals {
    const counted = this.#counters.read();
    return {
      neverAccepted: counted.never_accepted,
      synAckRetransmits: counted.syn_ack_retransmits,
      resetsSent: counted.resets_sent,
      resetsReceived: counted.resets_received,
    };
  }

  #attach({ pids, followChildren = true, startOnExec = false }: ConnectionTracerOptions): void {
    const { programs } = this.#kernelHalf;
    // What ends a connection goes before what begins one, so that each entry is taken out again.
    const { on_destroy, on_destroy_second, on_state, on_state_second } = programs;
    const { on_retransmit_synack, on_send_reset, on_receive_reset, on_fork, on_exec, on_exit } = programs;
    for (const program of [on_exit, on_exec, on_fork]) this.#attachHook(program);
    if (pids !== undefined) {
      this.#targets?.add(pids, { pending: startOnExec, withDescendants: followChildren && !startOnExec });
    }
    for (const program of [on_destroy, on_destroy_second, on_retransmit_synack, on_send_reset, on_receive_reset]) {
      this.#attachHook(program);
    }
    for (const program of [on_state, on_state_second, loadedForm(programs, "on_call")]) this.#attachHook(program);
    this.#sinceNs = process.hrtime.bigint();
    if (!startOnExec) this.#findExisting();
    this.#timer = setInterval(() => this.#maintain(), MAINTENANCE_INTERVAL_MS);
  }

  #attachHook(program: Program | undefined): void {
    if (program !== undefined) this.#hooks.push(program.attach());
  }

  #findExisting(): void {
    this.#goThroughFiles();
    this.#store.begin(this.#readLive().connections);
  }

  /** Of all processes: these are in all network namespaces, and have the owner of each socket. */
  #goThroughFiles(): void {
    using iteration = attachIterator(this.#kernelHalf.programs.on_file);
    runIterator(iteration);
    this.#reader.drain();
  }

  /** Asking for a Unix socket that is closed makes an event of its end. */
  #findClosed(): void {
    this.#ask(this.#decoder.unixSockets(), () => undefined);
    this.#reader.drain();
  }

  /** What lives. Where a process has a connection and it isn't known which, it is looked for first. */
  #readAdopted(): Live {
    const live = this.#readLive();
    if (!live.held || this.#stoppedNs !== undefined) return live;
    this.#kernelHalf.globals.set("adopt_only", true);
    this.#goThroughFiles();
    return this.#readLive();
  }

  #readLive(): Live {
    const connections: LiveConnection[] = [];
    const listeners: Listener[] = [];
    let held = false;
    this.#ask(this.#allSockets(), (view, offset) => {
      const decoded = this.#decoder.decodeLive(view, offset);
      if ("listener" in decoded) {
        listeners.push(decoded.listener);
        return;
      }
      connections.push(decoded.live);
      held ||= decoded.held;
    });
    return { connections, listeners, held };
  }

  #allSockets(): bigint[] {
    const sockets: bigint[] = [];
    for (const { count, keys } of this.#kernelHalf.maps.connections.batches()) {
      for (let index = 0; index < count; index++) sockets.push(keys.getBigUint64(index * 8, true));
    }
    return sockets;
  }

  /** Has the kernel half look at sockets that it knows; `onLive` gets a record of each one that is still there. */
  #ask(sockets: readonly bigint[], onLive: (view: DataView, offset: number) => void): void {
    if (sockets.length === 0) return;
    const { globals, programs } = this.#kernelHalf;
    const asked = globals.view("asked");
    const live = globals.view("live");
    const limit = asked.byteLength / 8;
    using iteration = attachIterator(programs.on_asked);
    for (let start = 0; start < sockets.length; start += limit) {
      const count = Math.min(limit, sockets.length - start);
      for (let index = 0; index < count; index++) asked.setBigUint64(index * 8, sockets[start + index] ?? 0n, true);
      globals.set("asked_count", count);
      runIterator(iteration);
      for (let offset = 0; offset < count * LIVE_RECORD_BYTES; offset += LIVE_RECORD_BYTES) {
        if (readKind(live, offset) === RecordKind.live) onLive(live, offset);
      }
    }
  }

  #maintain(): void {
    this.#clock.adjust();
    this.#targets?.refresh();
    this.#findClosed();
  }

  #onRecord(view: DataView, offset: number): void {
    if (this.#decoder.takeCgroup(view, offset)) return;
    if (readKind(view, offset) === RecordKind.targetExited) {
      this.#targets?.exited(readExitedPid(view, offset));
      return;
    }
    const event = this.#decoder.decodeEvent(view, offset);
    this.#store.addEvent(event);
    this.#delivered++;
    this.#events.push(event);
  }
}

import {
  type EventQueue,
  type EventQueueOptions,
  KernelBtf,
  onlineCpus,
  type Program,
  programsQuiesced,
  RingBufferReader,
} from "@skep/ebpf";
import { difference } from "../difference.ts";
import { EventReaders } from "../event-readers.ts";
import { KernelCounters } from "../filters/kernel-counters.ts";
import { targetTableSizes, targetVariables } from "../filters/target-options.ts";
import { Targets } from "../filters/targets.ts";
import { ioUringProgramNames, ioUringPrograms } from "../io-uring-hooks.ts";
import { type Overhead, overheadOf } from "../overhead.ts";
import { threadCount } from "../profiling/profiler-options.ts";
import { missesOfAll, recursionMisses } from "../recursion-misses.ts";
import { missesOfTwins, twinSyscallProgramNames } from "../syscall-forms.ts";
import { SyscallNames } from "../syscalls/kernel-names.ts";
import { TracedProcesses } from "../traced-processes.ts";
import { UnixClock } from "../unix-clock.ts";
import { DnsExchanges } from "./dns/dns-exchanges.ts";
import { HttpCounts } from "./http/http-counts.ts";
import { requestCallTables } from "./request-calls.ts";
import { directions, RecordKind, RecordView } from "./request-records.ts";
import type {
  DnsQueryEvent,
  HttpRequestEvent,
  RequestEvent,
  RequestIncompleteReason,
  RequestLossReason,
  RequestOrigin,
  RequestReport,
} from "./request-report.ts";
import { RequestStore } from "./request-store.ts";
import { RequestStreams, type StreamOwner } from "./request-streams.ts";
import {
  assertRequestTracerOptions,
  DEFAULT_RING_BYTES,
  type RequestTracerLimits,
  type RequestTracerOptions,
  requestTracerLimits,
  scratchPlacesPerCpu,
} from "./request-tracer-options.ts";
import { type Counters, type FlowTotals, type Loaded, load } from "./requests.bpf.ts";
import { tcpFunctionProgramNames, tcpFunctionPrograms, tcpFunctionsOf } from "./tcp-functions.ts";
import { tlsProgramsOfKernel } from "./tls/attach-library.ts";
import { TlsProbes } from "./tls/tls-probes.ts";
import type { TlsOptions, TlsReport } from "./tls/tls-report.ts";
import { UdpFlows } from "./udp-flows.ts";

/** Processes whose names are kept, at some 300 bytes each. */
const PROCESS_LIMIT = 4096;
/** A request is at most this old when it comes, unless the ring fills up before. */
const DRAIN_INTERVAL_MS = 100;
/**
 * Of the ring, what may wait until user space is woken: bodies are left out as soon as it has seen their heads. Besides, what
 * waits is read in one go, and where all CPUs are busy others wait for as long: with a 64th and not a 16th the 99th
 * percentile of a server under load was 2.7 ms and not 4.7, for a tenth more CPU time of ours.
 */
const WAKE_UP_SHARE = 64;

type Losses = Readonly<Record<RequestLossReason, number>>;
type Shortcomings = Readonly<Record<RequestIncompleteReason, number>>;

/** Without a choice of processes there is always one. */
const NEVER = new Promise<void>(() => undefined);

/**
 * Tells of each request of HTTP and each query of DNS, on the sides of both client and server, and sums up the datagrams of
 * UDP: from what processes send and receive over their sockets, whenever these were opened.
 *
 * Runs until it is disposed of. Kernel floor: 5.8 with BTF. Needs CAP_BPF, CAP_PERFMON and, to read the names of other
 * users' programs, CAP_SYS_PTRACE.
 */
export class RequestTracer implements AsyncDisposable {
  readonly #kernelHalf: Loaded;
  readonly #hooks: Disposable[] = [];
  readonly #targets: Targets | undefined;
  readonly #counters: KernelCounters<keyof Counters>;
  readonly #unattributed: KernelCounters<keyof FlowTotals>;
  readonly #clock = new UnixClock();
  readonly #processes = new TracedProcesses(PROCESS_LIMIT);
  readonly #httpCounts = new HttpCounts();
  readonly #dns: DnsExchanges<StreamOwner>;
  readonly #streams: RequestStreams;
  readonly #flows: UdpFlows;
  readonly #store: RequestStore;
  readonly #events = new EventReaders<RequestEvent>();
  readonly #record = new RecordView();
  readonly #reader: RingBufferReader;
  readonly #readIntervalMs: number;
  #tls: TlsProbes | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sinceNs = process.hrtime.bigint();
  #stoppedNs: bigint | undefined;
  /** At the last snapshot. */
  #toldLost: Losses | undefined;
  #toldIncomplete: Shortcomings | undefined;
  /** The last read of the flows; they run one after the other. */
  #reading: Promise<void> = Promise.resolve();

  private constructor(kernelHalf: Loaded, options: RequestTracerOptions, limits: RequestTracerLimits) {
    const { maps } = kernelHalf;
    const processOf = this.#processes.get.bind(this.#processes);
    this.#kernelHalf = kernelHalf;
    this.#targets = options.pids === undefined ? undefined : new Targets(maps.targets);
    this.#counters = new KernelCounters(maps.counters);
    this.#unattributed = new KernelCounters(maps.unattributed);
    this.#dns = new DnsExchanges({
      onExchange: (exchange, owner) =>
        this.#onQuery({ kind: "dns", ...this.#originOf(owner, exchange.startNs), ...exchange }),
    });
    this.#streams = new RequestStreams({
      processOf,
      verdicts: maps.verdicts,
      http: options.http ?? true,
      keepQuery: options.keepQuery ?? false,
      limit: limits.streams,
      counts: this.#httpCounts,
      dns: this.#dns,
      onExchange: (exchange, owner) =>
        this.#onRequest({ kind: "http", ...this.#originOf(owner, exchange.startNs), ...exchange }),
    });
    this.#flows = new UdpFlows(processOf, limits.rows);
    this.#store = new RequestStore(limits.rows, options.byServer ?? false);
    this.#readIntervalMs = limits.readIntervalMs;
    this.#reader = new RingBufferReader(maps.events, {
      onRecord: (view, offset) => this.#onRecord(this.#record.at(view, offset)),
      drainIntervalMs: DRAIN_INTERVAL_MS,
    });
  }

  /**
   * Loads, attaches and starts to look.
   *
   * @throws BpfError `invalid-argument` for options out of range, `not-found` for a process or cgroup that is not
   *   there, `not-permitted` without the capabilities, `not-supported` on a kernel without BTF
   */
  static async start(options: RequestTracerOptions = {}): Promise<RequestTracer> {
    assertRequestTracerOptions(options);
    const { ringBytes = DEFAULT_RING_BYTES, traceSelf = false, http = true } = options;
    const tls = http && (options.tls ?? true);
    const limits = requestTracerLimits(threadCount(), options);
    const { calls, compatCalls } = requestCallTables(SyscallNames.ofMachine());
    const tlsPrograms: readonly string[] = tls === false ? [] : tlsProgramsOfKernel();
    const scratchPlaces = scratchPlacesPerCpu();
    const callPrograms = twinSyscallProgramNames("on_enter", "on_exit");
    using kernelBtf = KernelBtf.open();
    const tcpFunctions = tcpFunctionsOf(kernelBtf.vmlinux);
    const functionPrograms: readonly string[] = tcpFunctions === undefined ? [] : tcpFunctionProgramNames();
    const requestPrograms: readonly string[] = ioUringPrograms(kernelBtf.vmlinux);
    const kernelHalf = await load({
      kernelBtf,
      globals: {
        ...targetVariables(options),
        calls,
        compat_calls: compatCalls,
        own_pid: traceSelf ? 0 : process.pid,
        wake_up_bytes: BigInt(Math.floor(ringBytes / WAKE_UP_SHARE)),
        crowded_bytes: BigInt(Math.floor(ringBytes / 2)),
        trace_tls: tls !== false,
        scratch_places: scratchPlaces,
        sees_functions: tcpFunctions !== undefined,
        sees_requests: requestPrograms.length > 0,
        ...(tcpFunctions !== undefined && {
          receive_flags_at: tcpFunctions.flagsAt,
          receive_result_at: tcpFunctions.resultAt,
        }),
      },
      maxEntries: {
        ...targetTableSizes(options),
        events: ringBytes,
        streams: limits.streams,
        verdicts: limits.streams,
        threads: limits.threads,
        flows_0: limits.flows,
        flows_1: limits.flows,
        scratch: scratchPlaces * (Math.max(...onlineCpus()) + 1),
        tls_threads: tls === false ? 1 : limits.threads,
        tls_sessions: tls === false ? 1 : limits.streams,
        tls_owners: tls === false ? 1 : limits.streams,
      },
      onDemand: ["targets", "threads", "flows_0", "flows_1", "tls_threads"],
      programs: ({ name, optional }) =>
        !optional ||
        callPrograms.includes(name) ||
        tlsPrograms.includes(name) ||
        functionPrograms.includes(name) ||
        requestPrograms.includes(name) ||
        (name === "on_fork" && options.pids !== undefined),
    });
    let tracer: RequestTracer | undefined;
    try {
      tracer = new RequestTracer(kernelHalf, options, limits);
      tracer.#attach(options);
      if (tls !== false) await tracer.#attachToTls(options.pids === undefined, tls === true ? {} : tls);
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
   * Requests and queries from now on, for `for await`: each when it is over, up to 100 ms late. Ends with `stop()`, which
   * gives out what is under way.
   */
  events(options: Pick<EventQueueOptions, "capacity"> = {}): EventQueue<RequestEvent> {
    return this.#events.add(options);
  }

  /** What was counted since the start or the last snapshot. A request counts when it is over. */
  async snapshot(): Promise<RequestReport> {
    const untilNs = await this.#readFlows();
    this.#reader.drain();
    const lost = this.lost();
    const incomplete = this.#incomplete();
    const { flows, unattributed } = this.#flows.report();
    const report: RequestReport = {
      timeUnixNs: this.#clock.toUnixNs(this.#sinceNs),
      durationNs: Number(untilNs - this.#sinceNs),
      ...this.#store.take(),
      flows,
      unattributedDatagrams: unattributed,
      lost: difference(lost, this.#toldLost),
      incomplete: difference(incomplete, this.#toldIncomplete),
    };
    this.#toldLost = lost;
    this.#toldIncomplete = incomplete;
    this.#sinceNs = untilNs;
    return report;
  }

  /** What was lost since the start, by reason. */
  lost(): Losses {
    const counted = this.#counters.read();
    return {
      ...this.#httpCounts.lost,
      serverRingFull: counted.server_requests_lost,
      clientRingFull: counted.client_requests_lost,
      dnsRingFull: counted.datagrams_lost,
      recursion: this.#recursionMisses(),
      dnsWaiting: this.#dns.counts.lost.waitingLimit,
      eventsUnread: this.#events.unread,
    };
  }

  /**
   * Whether HTTP and DNS over TCP are seen where io_uring moves their bytes, too: at TCP's own functions, where the kernel
   * lets programs in.
   */
  get seesIoUring(): boolean {
    return this.#kernelHalf.programs.on_tcp_send !== undefined;
  }

  /** What is known of TLS; undefined where that is not looked at. */
  tls(): TlsReport | undefined {
    return this.#tls?.report();
  }

  /** Looks for processes that use TLS at once, and not only once a second. */
  async refreshTls(): Promise<void> {
    await this.#tls?.refresh();
  }

  /** Requests whose head was seen since the start: delivered, lost or under way. */
  get seen(): number {
    return this.#httpCounts.seen;
  }

  /** Requests and queries that are over since the start, each of which went to every `events()` that there was then. */
  get delivered(): { readonly http: number; readonly dns: number } {
    const { answered, timedOut, multicast } = this.#dns.counts;
    return { http: this.#httpCounts.delivered, dns: answered + timedOut + multicast };
  }

  /** Queries that were seen since the start: delivered, lost, waiting or, when tracing ends, given up in waiting. */
  get dnsQueries(): { readonly seen: number; readonly untraced: number } {
    const { seen, lost } = this.#dns.counts;
    return { seen, untraced: lost.untraced };
  }

  /** Detaches, gives out what is under way, and ends `events()`; what was counted can still be taken. */
  stop(): void {
    if (this.#stoppedNs !== undefined) return;
    clearTimeout(this.#timer);
    this.#tls?.[Symbol.dispose]();
    for (const hook of this.#hooks.splice(0)) hook[Symbol.dispose]();
    this.#stoppedNs = process.hrtime.bigint();
    // A program may be at its end still, with one more record.
    this.#reading = this.#reading
      .then(() => programsQuiesced())
      // Then the last records are missing, and reading the flows fails as well, which is told of.
      .catch(() => undefined)
      .then(() => {
        this.#reader.drain();
        this.#streams.closeAll();
        this.#dns.end();
        this.#events[Symbol.dispose]();
      });
  }

  overhead(): Overhead {
    return overheadOf(this.#kernelHalf.collection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.#reading;
    this.#reader[Symbol.dispose]();
    this.#kernelHalf[Symbol.dispose]();
  }

  #attach({ pids, followChildren = true, startOnExec = false }: RequestTracerOptions): void {
    const { programs } = this.#kernelHalf;
    for (const program of [programs.on_exec, programs.on_thread_exit, programs.on_fork]) this.#attachHook(program);
    if (pids !== undefined) {
      this.#targets?.add(pids, { pending: startOnExec, withDescendants: followChildren && !startOnExec });
    }
    this.#sinceNs = process.hrtime.bigint();
    for (const name of ["on_enter", "on_enter_unpreempted", "on_exit", "on_exit_unpreempted"] as const) {
      this.#attachHook(programs[name]);
    }
    for (const name of tcpFunctionPrograms) {
      this.#attachHook(programs[name]);
      this.#attachHook(programs[`${name}_second`]);
    }
    for (const name of ioUringProgramNames) this.#attachHook(programs[name]);
    this.#schedule();
  }

  async #attachToTls(allProcesses: boolean, options: TlsOptions): Promise<void> {
    const { targets } = this.#kernelHalf.maps;
    this.#tls = await TlsProbes.start(this.#kernelHalf, {
      ...options,
      ...(!allProcesses && { isWanted: (pid: number) => targets.has(pid) }),
    });
  }

  /** Some are not loaded. */
  #attachHook(program: Program | undefined): void {
    if (program !== undefined) this.#hooks.push(program.attach());
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      // What makes a read fail makes the next one fail, too: snapshot() is where it is reported.
      this.#maintain().catch(() => undefined);
    }, this.#readIntervalMs);
  }

  async #maintain(): Promise<void> {
    await this.#readFlows();
    if (this.#stoppedNs !== undefined) return;
    this.#clock.adjust();
    this.#targets?.refresh();
    const nowNs = process.hrtime.bigint();
    this.#streams.tick(nowNs);
    this.#dns.tick(nowNs);
    this.#schedule();
  }

  /** Takes what the kernel half has summed up so far; answers until when. Serial: there are two tables, not three. */
  #readFlows(): Promise<bigint> {
    const result = this.#reading.then(async () => {
      const { globals, maps } = this.#kernelHalf;
      const table = globals.get("active");
      globals.set("active", 1 - table);
      const untilNs = this.#stoppedNs ?? process.hrtime.bigint();
      // Programs that started before the switch may still be adding to the table that is read now.
      await programsQuiesced();
      this.#flows.take(table === 0 ? maps.flows_0 : maps.flows_1);
      const counted = this.#unattributed.takeDifference();
      this.#flows.addUnattributed({
        sentDatagrams: counted.sent_datagrams,
        sentBytes: counted.sent_bytes,
        receivedDatagrams: counted.received_datagrams,
        receivedBytes: counted.received_bytes,
      });
      return untilNs;
    });
    // Who asked for it is told of a failure; the next one tries again.
    this.#reading = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  #onRecord(record: RecordView): void {
    switch (record.kind) {
      case RecordKind.payload:
        this.#streams.payload(record);
        break;
      case RecordKind.datagram:
        this.#onDatagram(record);
        break;
      case RecordKind.end:
        this.#streams.end(record);
        break;
      case RecordKind.processExit:
        this.#streams.processExited(record.exitedPid, record.exitNs);
        this.#targets?.exited(record.exitedPid);
        break;
    }
  }

  #onDatagram(record: RecordView): void {
    const { pid, image, processName, local, peer, startNs, endNs } = record;
    this.#dns.add({
      socket: record.stream,
      owner: { process: this.#processes.get(pid, image, processName), local, peer },
      transport: "udp",
      direction: directions[record.directionIndex] ?? "received",
      localPort: record.localPort,
      peerPort: record.peerPort,
      message: record.data,
      startNs,
      endNs,
    });
  }

  #onRequest(event: HttpRequestEvent): void {
    this.#store.addRequest(event);
    this.#events.push(event);
  }

  #onQuery(event: DnsQueryEvent): void {
    this.#store.addQuery(event);
    this.#events.push(event);
  }

  #originOf({ process, local, peer }: StreamOwner, startNs: bigint): RequestOrigin {
    return {
      process,
      ...(local !== undefined && { local }),
      ...(peer !== undefined && { peer }),
      timeUnixNs: this.#clock.toUnixNs(startNs),
    };
  }

  #incomplete(): Shortcomings {
    const counted = this.#counters.read();
    return {
      ...this.#httpCounts.trouble,
      payloadsLost: counted.payloads_lost,
      payloadBytesLost: counted.payload_bytes_lost,
      bodiesLeftOut: counted.bodies_left_out,
      endsLost: counted.ends_lost,
      unreadable: counted.unreadable,
      threadsFull: counted.threads_full,
      streamsEvicted: this.#streams.evicted,
      flowsFull: counted.flows_full,
      messagesNotSeen: counted.messages_not_seen,
      multipathNotSeen: counted.multipath_not_seen,
      smcNotSeen: counted.smc_not_seen,
      compatNotSeen: counted.compat_not_seen,
      ioUringNotSeen: counted.io_uring_not_seen,
      childrenNotFollowed: counted.targets_full,
    };
  }

  #recursionMisses(): number {
    const { programs } = this.#kernelHalf;
    let misses = missesOfTwins(programs, "on_enter") + missesOfTwins(programs, "on_exit");
    // Most of their runs only find that a system call has brought them there.
    for (const name of tcpFunctionPrograms) misses += missesOfAll(programs[name], programs[`${name}_second`]);
    for (const name of ioUringProgramNames) misses += recursionMisses(programs[name]);
    return misses;
  }
}

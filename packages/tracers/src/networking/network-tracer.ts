import { type EventQueueOptions, KernelBtf } from "@skep/ebpf";
import type { Overhead } from "../overhead.ts";
import { UnixClock } from "../unix-clock.ts";
import { ConnectionTracer } from "./connections/connection-tracer.ts";
import { HTTP_LOSSES } from "./http/http-counts.ts";
import { MergedEvents } from "./merged-events.ts";
import type {
  NetworkEvent,
  NetworkEventCounts,
  NetworkEventKind,
  NetworkLosses,
  NetworkReport,
  NetworkTracerOptions,
} from "./network-report.ts";
import { PacketTracer } from "./packets/packet-tracer.ts";
import { RequestTracer } from "./request-tracer.ts";

/** The parts that are on. */
interface Parts {
  connections?: ConnectionTracer;
  requests?: RequestTracer;
  packets?: PacketTracer;
}

/**
 * What the processes of this machine do over the network: connections, requests of HTTP and DNS, datagrams, packets. Its parts
 * are tracers of their own, and each can be switched off.
 *
 * Runs until it is disposed of. Kernel floor: 5.8 with BTF. Needs CAP_BPF, CAP_PERFMON and, for TLS and to read the names of
 * other users' programs, CAP_SYS_PTRACE.
 */
export class NetworkTracer implements AsyncDisposable {
  readonly #parts: Parts = {};
  readonly #clock = new UnixClock();
  #sinceNs = process.hrtime.bigint();
  #stoppedNs: bigint | undefined;

  private constructor() {}

  /**
   * Loads, attaches and starts to look.
   *
   * @throws BpfError `invalid-argument` for options out of range, `not-found` for a process or cgroup that is not
   *   there, `not-permitted` without the capabilities, `not-supported` on a kernel without BTF
   */
  static async start(options: NetworkTracerOptions = {}): Promise<NetworkTracer> {
    const tracer = new NetworkTracer();
    try {
      await tracer.#start(options);
      return tracer;
    } catch (error) {
      await tracer[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resolves when none of `pids`, and none of their children where these are followed, runs any more. */
  get exited(): Promise<void> {
    const { connections, requests } = this.#parts;
    const following = [connections, requests].filter((part) => part !== undefined);
    // Packets are nobody's.
    if (following.length === 0) return new Promise(() => undefined);
    return Promise.all(following.map((part) => part.exited)).then(() => undefined);
  }

  /**
   * The events from now on, for `for await`, up to 100 ms late; those of different parts in no strict order. Ends with
   * `stop()`.
   *
   * @param options `capacity`: of each part
   */
  events(options: Pick<EventQueueOptions, "capacity"> = {}): MergedEvents<NetworkEvent> {
    const { connections, requests } = this.#parts;
    return new MergedEvents<NetworkEvent>([
      ...(connections === undefined ? [] : [connections.events(options)]),
      ...(requests === undefined ? [] : [requests.events(options)]),
    ]);
  }

  /** What there is now, and what was counted since the start or the last snapshot. */
  async snapshot(): Promise<NetworkReport> {
    const { connections, requests, packets } = this.#parts;
    const sinceNs = this.#sinceNs;
    const reports = {
      ...(connections !== undefined && { connections: await connections.snapshot() }),
      ...(requests !== undefined && { requests: await requests.snapshot() }),
      ...(packets !== undefined && { packets: await packets.snapshot() }),
    };
    const tls = requests?.tls();
    this.#clock.adjust();
    this.#sinceNs = this.#stoppedNs ?? process.hrtime.bigint();
    return {
      timeUnixNs: this.#clock.toUnixNs(sinceNs),
      durationNs: Math.max(0, Number(this.#sinceNs - sinceNs)),
      ...reports,
      ...(tls !== undefined && { tls }),
    };
  }

  /** What was lost since the start, by part and reason. */
  lost(): NetworkLosses {
    const { connections, requests, packets } = this.#parts;
    return {
      ...(connections !== undefined && { connections: connections.lost() }),
      ...(requests !== undefined && { requests: requests.lost() }),
      ...(packets !== undefined && { packets: packets.lost() }),
    };
  }

  /** What became of single events, by what they are about; of the parts that are on. */
  counts(): Partial<Record<NetworkEventKind, NetworkEventCounts>> {
    const { connections, requests } = this.#parts;
    return {
      ...(connections !== undefined && { connections: countConnections(connections) }),
      ...(requests !== undefined && { http: countRequests(requests), dns: countQueries(requests) }),
    };
  }

  /** Detaches, gives out what is under way, and ends `events()`; what was counted can still be taken. */
  stop(): void {
    if (this.#stoppedNs !== undefined) return;
    this.#stoppedNs = process.hrtime.bigint();
    const { connections, requests, packets } = this.#parts;
    connections?.stop();
    requests?.stop();
    packets?.stop();
  }

  overhead(): Overhead {
    const { connections, requests, packets } = this.#parts;
    return [connections, requests, packets]
      .filter((part) => part !== undefined)
      .map((part) => part.overhead())
      .reduce(addOverheads, { runTimeNs: 0, runCount: 0, mapBytes: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    const { connections, requests, packets } = this.#parts;
    await using _connections = connections;
    await using _requests = requests;
    await using _packets = packets;
  }

  async #start({
    connections = true,
    requests = true,
    packets = true,
    ...targets
  }: NetworkTracerOptions): Promise<void> {
    const optionsOf = <Options extends object>(part: true | Options) => (part === true ? {} : part);
    // Read and indexed once for all parts, not by each for itself.
    using _types = KernelBtf.open();
    if (connections !== false) {
      this.#parts.connections = await ConnectionTracer.start({ ...targets, ...optionsOf(connections) });
    }
    if (requests !== false) {
      this.#parts.requests = await RequestTracer.start({ ...targets, ...optionsOf(requests) });
    }
    if (packets !== false) this.#parts.packets = await PacketTracer.start(optionsOf(packets));
    this.#sinceNs = process.hrtime.bigint();
  }
}

function countConnections(tracer: ConnectionTracer): NetworkEventCounts {
  const { opened, closed, failed } = tracer.lost();
  return { seen: tracer.seen, delivered: tracer.delivered, lost: { opened, closed, failed } };
}

function countRequests(tracer: RequestTracer): NetworkEventCounts {
  const reasons = tracer.lost();
  const { serverRingFull, clientRingFull } = reasons;
  const lost = Object.fromEntries(HTTP_LOSSES.map((reason) => [reason, reasons[reason]]));
  return {
    // What found the ring full did not get to where the others are counted.
    seen: tracer.seen + serverRingFull + clientRingFull,
    delivered: tracer.delivered.http,
    lost: { ...lost, serverRingFull, clientRingFull },
  };
}

function countQueries(tracer: RequestTracer): NetworkEventCounts {
  const { seen, untraced } = tracer.dnsQueries;
  return { seen, delivered: tracer.delivered.dns, lost: { waiting: tracer.lost().dnsWaiting, untraced } };
}

function addOverheads(sum: Overhead, next: Overhead): Overhead {
  return {
    runTimeNs: sum.runTimeNs + next.runTimeNs,
    runCount: sum.runCount + next.runCount,
    mapBytes: sum.mapBytes + next.mapBytes,
  };
}

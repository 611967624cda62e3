import { KernelBtf, type Program, programsQuiesced } from "@skep/ebpf";
import type { Btf } from "@skep/ebpf/btf";
import { KernelCounters } from "../../filters/kernel-counters.ts";
import { type Overhead, overheadOf } from "../../overhead.ts";
import { tracepointArguments } from "../../tracepoint-arguments.ts";
import { UnixClock } from "../../unix-clock.ts";
import { type Loaded, load, type PacketSums, type Retransmits } from "../packets.bpf.ts";
import { Differences } from "./differences.ts";
import { DropReasons, isNoDrop, isUnspecified } from "./drop-reasons.ts";
import type { DropStatistics, PacketLossReason, PacketReport, RttHistogram } from "./packet-report.ts";
import {
  FLOW_KEY_BYTES,
  INTERFACE_KEY_BYTES,
  networkProtocol,
  PACKET_SUMS_BYTES,
  PEER_KEY_BYTES,
  RETRANSMITS_BYTES,
  readFlowIdentity,
  readFlowKey,
  readInterfaceKey,
  readInterfaceOfFlow,
  readPacketCounts,
  readPeerKey,
  readSum,
  transportProtocol,
} from "./packet-rows.ts";
import { PacketStore } from "./packet-store.ts";
import {
  assertPacketTracerOptions,
  type PacketTracerLimits,
  type PacketTracerOptions,
  packetTracerLimits,
} from "./packet-tracer-options.ts";
import { RetransmitStore } from "./retransmit-store.ts";
import { RTT_SLOTS, rttHistogram } from "./rtt-histogram.ts";

const DEFAULT_RTT_EVERY = 8;

/**
 * What goes by the interfaces of this machine, in all network namespaces: packets and bytes by protocol and by flow,
 * packets thrown away by their reason, what TCP sends again, and round-trip times. Summed up in the kernel.
 *
 * Runs until it is disposed of. Kernel floor: 5.8 with BTF; reasons of drops are there from 5.17 on. Needs CAP_BPF and
 * CAP_PERFMON. Nothing is attached to an interface.
 */
export class PacketTracer implements AsyncDisposable {
  readonly #kernelHalf: Loaded;
  readonly #hooks: Disposable[] = [];
  readonly #reasons: DropReasons;
  readonly #unattributed: KernelCounters<keyof PacketSums>;
  readonly #otherRetransmits: KernelCounters<keyof Retransmits>;
  readonly #drops = new Differences<string>();
  readonly #roundTrips = new Differences<number>();
  readonly #packets: PacketStore;
  readonly #retransmits: RetransmitStore;
  readonly #clock = new UnixClock();
  readonly #readIntervalMs: number;
  readonly #flows: boolean;
  #flowsFull = 0;
  #timer: NodeJS.Timeout | undefined;
  #stoppedNs: bigint | undefined;
  /** Start of what the next snapshot covers. */
  #sinceNs = 0n;
  /** What the last snapshot told of as lost. */
  #toldLost: Readonly<Record<PacketLossReason, number>>;
  /** The last read; they run one after the other. */
  #reading: Promise<void> = Promise.resolve();

  private constructor(kernelHalf: Loaded, flows: boolean, limits: PacketTracerLimits, reasons: DropReasons) {
    this.#flows = flows;
    this.#kernelHalf = kernelHalf;
    this.#reasons = reasons;
    this.#unattributed = new KernelCounters(kernelHalf.maps.unattributed);
    this.#otherRetransmits = new KernelCounters(kernelHalf.maps.other_retransmits);
    this.#packets = new PacketStore(limits.flows);
    this.#retransmits = new RetransmitStore(limits.retransmitRows);
    this.#readIntervalMs = limits.readIntervalMs;
    this.#toldLost = this.lost();
  }

  /**
   * Loads, attaches and starts counting.
   *
   * @throws BpfError `invalid-argument` for options out of range, `not-permitted` without the capabilities,
   *   `not-supported` on a kernel without BTF
   */
  static async start(options: PacketTracerOptions = {}): Promise<PacketTracer> {
    assertPacketTracerOptions(options);
    const { flows = true, rttEvery = DEFAULT_RTT_EVERY } = options;
    const limits = packetTracerLimits(options);
    using kernelBtf = KernelBtf.open();
    const dropProgram = dropProgramOf(kernelBtf.vmlinux);
    // Without flows the tables for them are there, but as small as can be.
    const flowRows = flows ? limits.flowRows : 1;
    const kernelHalf = await load({
      kernelBtf,
      globals: { count_flows: flows, rtt_every: rttEvery },
      maxEntries: {
        flows_0: flowRows,
        flows_1: flowRows,
        interfaces_0: limits.interfaceRows,
        interfaces_1: limits.interfaceRows,
        retransmits_0: limits.retransmitRows,
        retransmits_1: limits.retransmitRows,
        drops: limits.dropRows,
      },
      onDemand: ["flows_0", "flows_1", "retransmits_0", "retransmits_1"],
      programs: ({ name, optional }) => !optional || name === dropProgram,
    });
    const tracer = new PacketTracer(kernelHalf, flows, limits, DropReasons.of(kernelBtf.vmlinux));
    try {
      tracer.#attach();
      return tracer;
    } catch (error) {
      await tracer[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Whether this kernel says why it throws a packet away: from Linux 5.17 on. */
  get seesDropReasons(): boolean {
    return this.#kernelHalf.programs.on_drop !== undefined;
  }

  /** What was counted since the start or the last snapshot. */
  async snapshot(): Promise<PacketReport> {
    const untilNs = await this.#read();
    const { interfaces, flows, withoutFlow, flowsEvicted } = this.#packets.take();
    const { retransmits, full: retransmitsFull } = this.#retransmits.take();
    const unattributed = this.#unattributed.takeDifference();
    const otherRetransmits = this.#otherRetransmits.takeDifference();
    const drops = this.#takeDrops();
    const roundTrips = this.#takeRoundTrips();
    const lost = this.lost();
    const report: PacketReport = {
      timeUnixNs: this.#clock.toUnixNs(this.#sinceNs),
      durationNs: Number(untilNs - this.#sinceNs),
      interfaces,
      flows,
      withoutFlow,
      unattributed: {
        packets: unattributed.buffers + unattributed.more_packets,
        bytes: unattributed.bytes + unattributed.more_bytes,
        buffers: unattributed.buffers,
        bufferBytes: unattributed.bytes,
      },
      drops: drops.filter(({ reason }) => !isNoDrop(reason) && !isUnspecified(reason)),
      retransmits,
      rttHistogram: roundTrips.remote,
      localRttHistogram: roundTrips.local,
      lost: { recursion: lost.recursion - this.#toldLost.recursion },
      incomplete: {
        flowsFull: this.#flowsFull,
        flowsEvicted,
        dropsNotSpecified: drops
          .filter(({ reason }) => isUnspecified(reason))
          .reduce((sum, { buffers }) => sum + buffers, 0),
        dropsFull: this.#drops.take("", sum(this.#kernelHalf.maps.other_drops.get(0) ?? [])),
        retransmitsFull: retransmitsFull + otherRetransmits.segments + otherRetransmits.syn_acks,
      },
    };
    this.#sinceNs = untilNs;
    this.#toldLost = lost;
    this.#flowsFull = 0;
    return report;
  }

  /** What was lost since the start, by reason. */
  lost(): Record<PacketLossReason, number> {
    let recursion = 0;
    for (const program of this.#kernelHalf.collection.programs) recursion += Number(program.info().recursionMisses);
    return { recursion };
  }

  /** Detaches, so that nothing is counted any more; what was counted can still be taken. */
  stop(): void {
    if (this.#stoppedNs !== undefined) return;
    clearTimeout(this.#timer);
    for (const hook of this.#hooks.splice(0)) hook[Symbol.dispose]();
    this.#stoppedNs = process.hrtime.bigint();
  }

  overhead(): Overhead {
    return overheadOf(this.#kernelHalf.collection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.#reading;
    this.#kernelHalf[Symbol.dispose]();
  }

  #attach(): void {
    const {
      on_refused,
      on_transmit,
      on_receive,
      on_drop,
      on_drop_without_reason,
      on_resend,
      on_resend_syn_ack,
      on_segment,
    } = this.#kernelHalf.programs;
    this.#sinceNs = process.hrtime.bigint();
    this.#attachHook(on_drop);
    this.#attachHook(on_drop_without_reason);
    this.#attachHook(on_resend);
    this.#attachHook(on_resend_syn_ack);
    this.#attachHook(on_segment);
    this.#attachHook(on_receive);
    // A packet that is handed back must have been counted.
    this.#attachHook(on_transmit);
    this.#attachHook(on_refused);
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
      // Programs that started before the switch may still be adding to the tables that are read now.
      await programsQuiesced();
      const names = new InterfaceNames(maps.interface_names);
      this.#takeFlows(table === 0 ? maps.flows_0 : maps.flows_1, names);
      this.#takeInterfaces(table === 0 ? maps.interfaces_0 : maps.interfaces_1, names);
      this.#takeRetransmits(table === 0 ? maps.retransmits_0 : maps.retransmits_1);
      return untilNs;
    });
    // Who asked for it is told of a failure; the next one tries again.
    this.#reading = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  #takeFlows(table: Loaded["maps"]["flows_0"], names: InterfaceNames): void {
    for (const { count, keys, values } of table.takeBatches()) {
      for (let row = 0; row < count; row++) {
        const offset = row * FLOW_KEY_BYTES;
        const key = readInterfaceOfFlow(keys, offset);
        this.#packets.addFlow(
          readFlowIdentity(keys, offset),
          () => readFlowKey(keys, offset),
          { key, name: names.get(key.networkNamespace, key.index) },
          readPacketCounts(values, row * PACKET_SUMS_BYTES),
        );
      }
    }
    this.#packets.evict();
  }

  #takeInterfaces(table: Loaded["maps"]["interfaces_0"], names: InterfaceNames): void {
    const cpus = table.entrySizeBytes / PACKET_SUMS_BYTES;
    for (const { count, keys, values } of table.takeBatches()) {
      for (let row = 0; row < count; row++) {
        const key = readInterfaceKey(keys, row * INTERFACE_KEY_BYTES);
        const counts = readPacketCounts(values, row * table.entrySizeBytes, cpus);
        this.#packets.addInterface(key, names.get(key.networkNamespace, key.index), counts);
        if (!this.#flows) continue;
        if (key.network === "ipv4" || key.network === "ipv6") this.#flowsFull += counts.buffers;
      }
    }
  }

  #takeRetransmits(table: Loaded["maps"]["retransmits_0"]): void {
    for (const { count, keys, values } of table.takeBatches()) {
      for (let row = 0; row < count; row++) {
        const offset = row * RETRANSMITS_BYTES;
        const key = readPeerKey(keys, row * PEER_KEY_BYTES);
        this.#retransmits.add(key, readSum(values, offset), readSum(values, offset + 8));
      }
    }
  }

  #takeDrops(): DropStatistics[] {
    const drops: DropStatistics[] = [];
    for (const [{ reason, network, transport }, counts] of this.#kernelHalf.maps.drops) {
      const buffers = this.#drops.take(`${reason} ${network} ${transport}`, sum(counts));
      if (buffers === 0) continue;
      drops.push({
        reason: this.#reasons.name(reason),
        network: networkProtocol(network),
        transport: transportProtocol(transport),
        buffers,
      });
    }
    return drops.sort((a, b) => b.buffers - a.buffers);
  }

  #takeRoundTrips(): { remote: RttHistogram; local: RttHistogram } {
    const ofCpus = this.#kernelHalf.maps.round_trips.get(0) ?? [];
    const counts = Array.from({ length: 2 * RTT_SLOTS }, (_, slot) =>
      this.#roundTrips.take(slot, sum(ofCpus.map((ofCpu) => ofCpu.counts[slot] ?? 0n))),
    );
    return { remote: rttHistogram(counts.slice(0, RTT_SLOTS)), local: rttHistogram(counts.slice(RTT_SLOTS)) };
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      // What makes a read fail makes the next one fail, too: snapshot() is where it is reported.
      this.#maintain().catch(() => undefined);
    }, this.#readIntervalMs);
  }

  /** What has to be done now and then, whether or not somebody takes a snapshot. */
  async #maintain(): Promise<void> {
    try {
      await this.#read();
    } finally {
      if (this.#stoppedNs === undefined) {
        this.#clock.adjust();
        this.#schedule();
      }
    }
  }
}

/** Names of interfaces as they are now, each asked for once. */
class InterfaceNames {
  readonly #table: Loaded["maps"]["interface_names"];
  readonly #known = new Map<string, string>();

  constructor(table: Loaded["maps"]["interface_names"]) {
    this.#table = table;
  }

  get(networkNamespace: number, index: number): string {
    const identity = `${networkNamespace} ${index}`;
    let name = this.#known.get(identity);
    if (name === undefined) {
      const entry = this.#table.get({ network_namespace: networkNamespace, interface: index });
      // Names of more interfaces than there is room for: those not seen for longest are gone.
      name = entry?.name ?? `if${index}`;
      this.#known.set(identity, name);
    }
    return name;
  }
}

/** Which program fits what this kernel hands to the tracepoint: `enum skb_drop_reason` is among it from 5.17 on. */
function dropProgramOf(kernel: Btf): "on_drop" | "on_drop_without_reason" {
  return tracepointArguments(kernel, "kfree_skb")[2] === "skb_drop_reason" ? "on_drop" : "on_drop_without_reason";
}

function sum(counts: readonly bigint[]): number {
  return Number(counts.reduce((total, count) => total + count, 0n));
}

import { addPackets, byBytes, type MutableCounts, noPackets } from "./packet-counts.ts";
import type { FlowStatistics, InterfaceStatistics, NetworkInterface, PacketCounts } from "./packet-report.ts";
import type { FlowKey, InterfaceKey } from "./packet-rows.ts";

interface InterfaceEntry extends InterfaceKey {
  /** The latest one that it was known by. */
  name: string;
  readonly counts: MutableCounts;
}

interface FlowEntry extends FlowKey {
  name: string;
  readonly counts: MutableCounts;
}

/** What one report takes out of the store. */
export interface StoredPackets {
  readonly interfaces: InterfaceStatistics[];
  readonly flows: FlowStatistics[];
  readonly withoutFlow: PacketCounts;
  readonly flowsEvicted: number;
}

/** Adds up rows from the kernel, by interface and by flow. */
export class PacketStore {
  readonly #interfaces = new Map<string, InterfaceEntry>();
  readonly #flows = new Map<string, FlowEntry>();
  readonly #flowLimit: number;
  #withoutFlow = noPackets();
  #flowsEvicted = 0;

  /** @param flowLimit how many flows are kept apart; those with the fewest bytes go first */
  constructor(flowLimit: number) {
    this.#flowLimit = flowLimit;
  }

  /** Packets that are in no flow. */
  addInterface(key: InterfaceKey, name: string, counts: PacketCounts): void {
    this.#count(key, name, counts);
    addPackets(this.#withoutFlow, counts);
  }

  /** @param readKey what the identity stands for; asked for once for each flow */
  addFlow(
    identity: string,
    readKey: () => FlowKey,
    { key, name }: { readonly key: InterfaceKey; readonly name: string },
    counts: PacketCounts,
  ): void {
    this.#count(key, name, counts);
    let flow = this.#flows.get(identity);
    if (flow === undefined) {
      flow = { ...readKey(), name, counts: noPackets() };
      this.#flows.set(identity, flow);
    }
    flow.name = name;
    addPackets(flow.counts, counts);
  }

  /** To be called when a table was read: until then there may be more flows than are kept. */
  evict(): void {
    const excess = this.#flows.size - this.#flowLimit;
    if (excess <= 0) return;
    const smallestFirst = Array.from(this.#flows).sort(([, a], [, b]) => byBytes(b.counts, a.counts));
    for (const [identity, { counts }] of smallestFirst.slice(0, excess)) {
      this.#flows.delete(identity);
      addPackets(this.#withoutFlow, counts);
    }
    this.#flowsEvicted += excess;
  }

  /** All that was added since the last call. */
  take(): StoredPackets {
    const interfaces = Array.from(this.#interfaces.values(), (entry): InterfaceStatistics => {
      const { direction, network, transport, counts } = entry;
      return { interface: interfaceOf(entry), direction, network, transport, ...counts };
    });
    const flows = Array.from(this.#flows.values(), (entry): FlowStatistics => {
      const { direction, network, transport, protocol, source, destination, counts } = entry;
      const flow = { direction, network, transport, protocol, source, destination };
      return { interface: interfaceOf(entry), ...flow, ...counts };
    });
    const taken: StoredPackets = {
      interfaces: interfaces.sort(byBytes),
      flows: flows.sort(byBytes),
      withoutFlow: this.#withoutFlow,
      flowsEvicted: this.#flowsEvicted,
    };
    this.#interfaces.clear();
    this.#flows.clear();
    this.#withoutFlow = noPackets();
    this.#flowsEvicted = 0;
    return taken;
  }

  #count(key: InterfaceKey, name: string, counts: PacketCounts): void {
    const { networkNamespace, index, direction, network, transport } = key;
    const identity = `${networkNamespace} ${index} ${direction} ${network} ${transport}`;
    let entry = this.#interfaces.get(identity);
    if (entry === undefined) {
      entry = { ...key, name, counts: noPackets() };
      this.#interfaces.set(identity, entry);
    }
    entry.name = name;
    addPackets(entry.counts, counts);
  }
}

function interfaceOf({ name, index, networkNamespace }: InterfaceKey & { readonly name: string }): NetworkInterface {
  return { name, index, networkNamespace };
}

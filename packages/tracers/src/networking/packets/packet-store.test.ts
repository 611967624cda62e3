import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlowKey, InterfaceKey } from "./packet-rows.ts";
import { PacketStore } from "./packet-store.ts";
import { RetransmitStore } from "./retransmit-store.ts";

const ofInterface: InterfaceKey = {
  networkNamespace: 1,
  index: 2,
  direction: "receive",
  network: "ipv4",
  transport: "udp",
};

function counts(packets: number) {
  return { packets, bytes: packets * 100, buffers: packets, bufferBytes: packets * 100 };
}

function addFlow(store: PacketStore, port: number, packets: number, name = "eth0"): void {
  const key: FlowKey = {
    ...ofInterface,
    protocol: 17,
    source: { address: "192.0.2.1", port },
    destination: { address: "192.0.2.2", port: 53 },
  };
  store.addFlow(String(port), () => key, { key: ofInterface, name }, counts(packets));
}

test("the sums of an interface are those of its flows and its own", () => {
  const store = new PacketStore(10);
  addFlow(store, 1, 5);
  addFlow(store, 2, 7);
  addFlow(store, 1, 5);
  store.addInterface({ ...ofInterface, network: "arp", transport: "other" }, "eth0", counts(1));
  store.evict();
  const { interfaces, flows, withoutFlow, flowsEvicted } = store.take();
  assert.deepEqual(
    interfaces.map(({ network, packets }) => [network, packets]),
    [
      ["ipv4", 17],
      ["arp", 1],
    ],
  );
  assert.deepEqual(
    flows.map(({ source, packets, interface: { name } }) => [source.port, packets, name]),
    [
      [1, 10, "eth0"],
      [2, 7, "eth0"],
    ],
  );
  assert.deepEqual([withoutFlow, flowsEvicted], [counts(1), 0]);
  assert.deepEqual(store.take().interfaces, []);
});

test("of too many flows the smallest go, and are counted without", () => {
  const store = new PacketStore(2);
  for (const [port, packets] of [
    [1, 3],
    [2, 1],
    [3, 9],
    [4, 2],
  ] as const) {
    addFlow(store, port, packets);
  }
  store.evict();
  const { interfaces, flows, withoutFlow, flowsEvicted } = store.take();
  assert.deepEqual(
    flows.map(({ source }) => source.port),
    [3, 1],
  );
  assert.deepEqual([interfaces[0]?.packets, withoutFlow, flowsEvicted], [15, counts(3), 2]);
});

test("an interface has the name that it was last known by", () => {
  const store = new PacketStore(2);
  addFlow(store, 1, 1, "eth0");
  addFlow(store, 1, 1, "lan");
  const { interfaces, flows } = store.take();
  assert.deepEqual([interfaces[0]?.interface.name, flows[0]?.interface.name], ["lan", "lan"]);
});

test("peers that something is sent to again have a bound", () => {
  const store = new RetransmitStore(2);
  for (const port of [1, 2, 3, 1]) {
    store.add({ networkNamespace: 1, peer: { address: "192.0.2.1", port } }, port === 1 ? 2 : 5, 1);
  }
  const { retransmits, full } = store.take();
  assert.deepEqual(
    retransmits.map(({ peer, segments, synAcks }) => [peer.port, segments, synAcks]),
    [
      [1, 4, 2],
      [2, 5, 1],
    ],
  );
  assert.equal(full, 6);
  assert.deepEqual(store.take(), { retransmits: [], full: 0 });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { readFlowKey, readInterfaceKey, readInterfaceOfFlow, readPacketCounts, readPeerKey } from "./packet-rows.ts";

test("a flow's key has its interface, protocol and ends", () => {
  const view = new DataView(new ArrayBuffer(4 + 48));
  view.setUint32(4, 4_026_531_833, true);
  view.setUint32(8, 7, true);
  for (const [index, byte] of [192, 0, 2, 1].entries()) view.setUint8(12 + index, byte);
  for (const [index, byte] of [192, 0, 2, 9].entries()) view.setUint8(28 + index, byte);
  view.setUint16(44, 40_000, true);
  view.setUint16(46, 443, true);
  for (const [index, byte] of [1, 1, 6, 1].entries()) view.setUint8(48 + index, byte);
  const ofInterface = {
    networkNamespace: 4_026_531_833,
    index: 7,
    direction: "transmit",
    network: "ipv4",
    transport: "tcp",
  };
  assert.deepEqual(readInterfaceOfFlow(view, 4), ofInterface);
  assert.deepEqual(readFlowKey(view, 4), {
    ...ofInterface,
    protocol: 6,
    source: { address: "192.0.2.1", port: 40_000 },
    destination: { address: "192.0.2.9", port: 443 },
  });
});

test("what a newer kernel half might say is `other`", () => {
  const view = new DataView(new Uint8Array([1, 0, 0, 0, 2, 0, 0, 0, 9, 9, 9, 0]).buffer);
  const { direction, network, transport } = readInterfaceKey(view, 0);
  assert.deepEqual([direction, network, transport], ["receive", "other", "other"]);
});

test("sums of the CPUs are added up, also where one is negative", () => {
  const view = new DataView(new ArrayBuffer(2 * 32));
  for (const [index, value] of [10n, 5000n, 90n, 5400n, -1n, -100n, 0n, 2n ** 40n].entries()) {
    view.setBigInt64(index * 8, value, true);
  }
  assert.deepEqual(readPacketCounts(view, 0, 2), {
    packets: 99,
    bytes: 4900 + 5400 + 2 ** 40,
    buffers: 9,
    bufferBytes: 4900,
  });
});

test("a peer is known by its family's address", () => {
  const view = new DataView(new ArrayBuffer(24));
  view.setUint32(0, 5, true);
  view.setUint8(4, 0x20);
  view.setUint8(5, 0x01);
  view.setUint8(19, 1);
  view.setUint16(20, 8080, true);
  view.setUint16(22, 10, true);
  assert.deepEqual(readPeerKey(view, 0), { networkNamespace: 5, peer: { address: "2001::1", port: 8080 } });
  view.setUint16(22, 2, true);
  assert.equal(readPeerKey(view, 0).peer.address, "32.1.0.0");
});

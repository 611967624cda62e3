import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compileCodec, parseObject } from "@skep/ebpf";
import { BtfKind } from "@skep/ebpf/btf";
import {
  LIVE_RECORD_BYTES,
  RecordKind,
  readConnection,
  readExitedPid,
  readKind,
  readListenerCounts,
  readPath,
  readTraffic,
} from "./connection-records.ts";

const { btf } = parseObject(readFileSync(new URL("../connections.bpf.o", import.meta.url)));

/** Bytes of a struct of the kernel half, by the object's own types, 8 bytes into a view; and what comes behind it. */
function bytesOf(struct: string, value: object, behind = ""): DataView {
  const typeId = btf?.findByName(struct, BtfKind.struct);
  assert.ok(btf !== undefined && typeId !== undefined);
  const codec = compileCodec(btf, typeId);
  const view = new DataView(new ArrayBuffer(8 + codec.sizeBytes + behind.length));
  codec.encode(value, view, 8);
  new Uint8Array(view.buffer).set(new TextEncoder().encode(behind), 8 + codec.sizeBytes);
  return view;
}

const connection = {
  start_ns: 1_000n,
  established_ns: 2_000n,
  accepted_ns: 3_000n,
  closed_ns: 4_000n,
  inode: 5_000n,
  owner: { cgroup_id: 0x1_0000_0007n, pid: 4242, tid: 4243, name: "worker" },
  flags: 256 + 2,
  error: 104,
  transport: 1,
  role: 2,
  state: 1,
  unused: 0,
  unused_too: 0,
};

const base = {
  kind: RecordKind.closed,
  network_namespace: 4_026_531_840,
  socket: 0xffff_8880_1234_5678n,
  time_ns: 123_456_789_012n,
  connection,
  local_port: 443,
  peer_port: 54_321,
  socket_state: 7,
  family: 2,
  path_bytes: 0,
  local_address: [0, 0, 0xffff_0000, 0x0100_007f],
  peer_address: [0xb80d_0120, 0, 0, 0x0100_0000],
};

const traffic = {
  sent_bytes: 5n * 2n ** 32n + 1n,
  retransmitted_bytes: 2n,
  acknowledged_bytes: 3n,
  received_bytes: 4n,
  sent_segments: 10,
  sent_data_segments: 11,
  received_segments: 12,
  received_data_segments: 13,
  retransmits: 14,
  round_trip_us: 15,
  round_trip_deviation_us: 16,
  lowest_round_trip_us: 17,
  congestion_window: 18,
  send_queue_bytes: 19,
  receive_queue_bytes: 20,
  drops: 21,
  queued: 22,
  capacity: 23,
};

test("a connection is where the kernel half has it", () => {
  const view = bytesOf("live_record", { base, traffic, path: "", unused: 0 });
  assert.equal(readKind(view, 8), RecordKind.closed);
  assert.deepEqual(readConnection(view, 8), {
    networkNamespace: 4_026_531_840,
    socket: 0xffff_8880_1234_5678n,
    timeNs: 123_456_789_012n,
    startNs: 1_000n,
    establishedNs: 2_000n,
    acceptedNs: 3_000n,
    closedNs: 4_000n,
    cgroupId: 0x1_0000_0007n,
    pid: 4242,
    process: "worker",
    flags: 258,
    error: 104,
    transport: 1,
    role: 2,
    socketState: 7,
    local: { address: "127.0.0.1", port: 443 },
    peer: { address: "2001:db8::1", port: 54_321 },
  });
});

test("an exit names its process", () => {
  // The object has no type for it: it never stands in a map.
  const view = new DataView(Uint32Array.of(0, 0, RecordKind.targetExited, 4711).buffer);
  assert.deepEqual([readKind(view, 8), readExitedPid(view, 8)], [RecordKind.targetExited, 4711]);
});

test("the counters of a socket are where the kernel half has them", () => {
  const told = {
    sentBytes: 5 * 2 ** 32 + 1,
    retransmittedBytes: 2,
    receivedBytes: 4,
    sentSegments: 10,
    sentDataSegments: 11,
    receivedSegments: 12,
    receivedDataSegments: 13,
    retransmits: 14,
    roundTripUs: 15,
    roundTripDeviationUs: 16,
    lowestRoundTripUs: 17,
    congestionWindow: 18,
    sendQueueBytes: 19,
    receiveQueueBytes: 20,
  };
  assert.deepEqual(readTraffic(bytesOf("live_record", { base, traffic, path: "", unused: 0 }), 8), told);
  const live = bytesOf("live_record", { base: { ...base, kind: RecordKind.live }, traffic, path: "", unused: 0 });
  assert.equal(live.byteLength, 8 + LIVE_RECORD_BYTES);
  assert.deepEqual(readTraffic(live, 8), told);
  assert.deepEqual(readListenerCounts(live, 8), { dropped: 21, queued: 22, capacity: 23 });
});

test("a round trip that was not measured is absent", () => {
  const unmeasured = { ...traffic, round_trip_us: 0, lowest_round_trip_us: 0xffff_ffff };
  const told = readTraffic(bytesOf("live_record", { base, traffic: unmeasured, path: "", unused: 0 }), 8);
  assert.deepEqual(
    [told.roundTripUs, told.roundTripDeviationUs, told.lowestRoundTripUs],
    [undefined, undefined, undefined],
  );
});

test("the path of a Unix socket ends with its NUL, and an abstract name with its length", () => {
  const unixBase = { ...base, kind: RecordKind.opened, family: 1 };
  const path = (bytes: string, sizeBytes: number, kind: number = RecordKind.opened): string | undefined => {
    const start = { ...unixBase, kind, path_bytes: sizeBytes };
    if (kind !== RecordKind.live) return readPath(bytesOf("connection_record", start, bytes), 8);
    return readPath(bytesOf("live_record", { base: start, traffic, path: bytes, unused: 0 }), 8);
  };
  assert.equal(path("/run/a\0rest", 7), "/run/a");
  assert.equal(path("/run/a", 7, RecordKind.live), "/run/a");
  assert.equal(path("\0abstract-more", 9), "@abstract");
  assert.equal(path("\0a\0b", 4), "@a@b");
  assert.equal(path("", 0), undefined);
  assert.equal(readConnection(bytesOf("connection_record", unixBase), 8).local, undefined);
});

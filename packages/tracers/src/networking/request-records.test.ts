import assert from "node:assert/strict";
import { test } from "node:test";
import { RECORD_HEADER_BYTES, RecordFlag, RecordView, readEndpoint } from "./request-records.ts";

/** A record that begins in the middle of its buffer, as those of a ring do. */
function recordOf(write: (view: DataView) => void): RecordView {
  const view = new DataView(new ArrayBuffer(RECORD_HEADER_BYTES + 100), 8);
  write(view);
  return new RecordView().at(new DataView(view.buffer), 8);
}

test("a record is read where it lies", () => {
  const record = recordOf((view) => {
    view.setUint32(0, 1, true);
    view.setUint8(4, 1);
    view.setUint8(5, RecordFlag.fromStart);
    view.setUint32(40, 4711, true);
    view.setUint32(44, 0xffff_ffff, true);
    new Uint8Array(view.buffer, 8).set(new TextEncoder().encode("a name of 15 by"), 48);
    view.setBigUint64(64, 2n ** 60n, true);
    view.setBigUint64(72, 2n ** 60n + 1n, true);
    view.setBigUint64(80, 7n, true);
    view.setBigUint64(88, 2n ** 33n + 5n, true);
    view.setUint32(96, 0xffff_fffe, true);
    view.setUint32(100, 3, true);
    view.setUint32(104, 2, true);
    view.setUint8(112, 192);
    view.setUint8(128, 198);
    view.setUint16(144, 80, true);
    view.setUint16(146, 50_000, true);
    view.setUint16(148, 2, true);
    view.setUint32(152, 0xffff_ffff, true);
    view.setUint32(156, 4, true);
    view.setUint8(160, 0x47);
    view.setUint8(161, 0x45);
  });
  assert.deepEqual([record.kind, record.directionIndex, record.flags], [1, 1, RecordFlag.fromStart]);
  assert.deepEqual([record.pid, record.image, record.processName], [4711, 0xffff_ffff, "a name of 15 by"]);
  assert.deepEqual([record.startNs, record.endNs, record.sinceNs], [2n ** 60n, 2n ** 60n + 1n, 7]);
  assert.deepEqual([record.lengthBytes, record.position, record.skippedBytes], [2 ** 33 + 5, 0xffff_fffe, 3]);
  assert.deepEqual([record.firstPosition(0), record.firstPosition(1)], [0xffff_ffff, 4]);
  assert.equal(Buffer.from(record.data).toString(), "GE");
  assert.deepEqual(record.local, { address: "192.0.0.0", port: 80 });
  assert.deepEqual(record.peer, { address: "198.0.0.0", port: 50_000 });
  assert.deepEqual([record.localPort, record.peerPort, record.carrier], [80, 50_000, undefined]);
});

test("streams have numbers of their own, whatever they are", () => {
  const numbers = new Set<number>();
  const keys: [number, bigint, bigint][] = [];
  for (const flags of [0, RecordFlag.tls]) {
    for (let bit = 0n; bit < 20n; bit++)
      keys.push([flags, 0xffff_8881_0000_0000n + (1n << (6n + bit)), flags === 0 ? 0xffff_ffffn : 0x3f_ffffn]);
    for (let bit = 0n; bit < 21n; bit++) keys.push([flags, 0xffff_8881_0000_0000n, 1n << bit]);
  }
  for (const [flags, address, number] of keys) {
    const record = recordOf((view) => {
      view.setUint8(5, flags);
      view.setBigUint64(8, address, true);
      view.setBigUint64(16, number, true);
      view.setBigUint64(24, address, true);
      view.setBigUint64(32, number, true);
    });
    assert.ok(Number.isSafeInteger(record.stream));
    assert.equal(record.stream < 0, flags === RecordFlag.tls);
    if (flags === 0) assert.equal(record.carrier, record.stream);
    assert.equal(new DataView(record.keyBytes.buffer).getBigUint64(0, true), address);
    numbers.add(record.stream);
  }
  assert.equal(numbers.size, keys.length);
});

test("the end of a process has its own layout", () => {
  const record = recordOf((view) => {
    view.setUint32(0, 4, true);
    view.setUint32(4, 4711, true);
    view.setBigUint64(8, 123n, true);
  });
  assert.deepEqual([record.exitedPid, record.exitNs], [4711, 123n]);
});

test("an end without an address is none", () => {
  const view = new DataView(new ArrayBuffer(18));
  assert.equal(readEndpoint(view, 0, 16, 2), undefined);
  assert.equal(readEndpoint(view, 0, 16, 1), undefined);
  view.setUint8(15, 1);
  assert.deepEqual(readEndpoint(view, 0, 16, 10), { address: "::1", port: 0 });
  assert.equal(readEndpoint(view, 0, 16, 2), undefined);
});

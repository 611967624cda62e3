import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parseObject } from "@skep/ebpf";
import {
  CALL_KEY_BYTES,
  CALL_UNDER_WAY_BYTES,
  COUNT_BYTES,
  DURATIONS_BYTES,
  ERROR_KEY_BYTES,
  FRONT_COUNT_BYTES,
  FRONT_DURATIONS_BYTES,
  PROCESS_KEY_BYTES,
  PROCESS_NAME_BYTES,
  readCallUnderWay,
  readDurations,
  readErrorKey,
} from "./syscall-table.ts";

test("the sizes of keys and values are those of the object", async () => {
  const { maps } = parseObject(await readFile(new URL("./syscalls.bpf.o", import.meta.url)));
  for (const [name, keyBytes, valueBytes] of [
    ["counts_0", CALL_KEY_BYTES, COUNT_BYTES],
    ["durations_1", CALL_KEY_BYTES, DURATIONS_BYTES],
    ["front_counts_0", 4, FRONT_COUNT_BYTES],
    ["front_durations_1", 4, FRONT_DURATIONS_BYTES],
    ["errors_0", ERROR_KEY_BYTES, COUNT_BYTES],
    ["names_1", PROCESS_KEY_BYTES, PROCESS_NAME_BYTES],
    ["under_way", 4, CALL_UNDER_WAY_BYTES],
    ["more_under_way", 4, CALL_UNDER_WAY_BYTES],
  ] as const) {
    const map = maps.get(name);
    assert.deepEqual([map?.keySizeBytes, map?.valueSizeBytes], [keyBytes, valueBytes], name);
  }
});

test("rows are read at their offset", () => {
  const view = new DataView(new ArrayBuffer(400));
  const at = 8;
  view.setUint32(at, 42, true);
  view.setUint32(at + 4, 0xffff_ffff, true);
  view.setUint16(at + 8, 257, true);
  view.setUint32(at + 12, 2, true);
  assert.deepEqual(readErrorKey(view, at), { pid: 42, started: 0xffff_ffff, call: 257, error: 2 });

  const durations = new DataView(new ArrayBuffer(DURATIONS_BYTES + 8));
  durations.setBigUint64(at, 3n, true);
  durations.setBigUint64(at + 8, 2n ** 40n, true);
  durations.setBigUint64(at + 16, 2n ** 39n, true);
  durations.setUint32(at + 24 + 4 * 10, 1, true);
  durations.setUint32(at + 24 + 4 * 47, 2, true);
  assert.deepEqual(readDurations(durations, at), {
    calls: 3,
    totalNs: 2 ** 40,
    maxNs: 2 ** 39,
    histogram: [10, 1, 47, 2],
  });
});

test("a slot that is free holds no call, and call 0 is one", () => {
  const view = new DataView(new ArrayBuffer(CALL_UNDER_WAY_BYTES));
  assert.equal(readCallUnderWay(view, 0), undefined);
  view.setUint32(4, 77, true);
  assert.deepEqual(readCallUnderWay(view, 0), { pid: 0, started: 0, call: 0 });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Errno } from "../sys/failure.ts";
import { BpfCommand } from "../sys/uapi.ts";
import { FakeSys } from "../testing/fake-sys.ts";
import { entryBatches } from "./batch.ts";

/** One answer of BPF_MAP_LOOKUP_BATCH. */
interface Answer {
  readonly result?: number;
  readonly keys?: readonly number[];
}

/** A kernel that answers batch commands in turn, and sees what it was asked. */
function kernel(answers: readonly Answer[]): { sys: FakeSys; asked: { capacity: number; fromStart: boolean }[] } {
  const asked: { capacity: number; fromStart: boolean }[] = [];
  const sys = new FakeSys();
  // Results in the attributes themselves are for the real one; here `bpf` writes them.
  sys.bpf = (command, bytes) => {
    assert.equal(command, BpfCommand.MAP_LOOKUP_BATCH);
    const attributes = new DataView(bytes.buffer);
    const capacity = attributes.getUint32(32, true);
    asked.push({ capacity, fromStart: attributes.getBigUint64(0, true) === 0n });
    const { result = 0, keys = [] } = answers[asked.length - 1] ?? { result: -Errno.ENOENT };
    assert.ok(keys.length <= capacity);
    const target = sys.memoryAt(attributes.getBigUint64(16, true)) ?? assert.fail();
    for (const [index, key] of keys.entries()) target[index * 4] = key;
    attributes.setUint32(32, keys.length, true);
    return result;
  };
  return { sys, asked };
}

function read(answers: readonly Answer[], capacity: number, maxEntries = 100) {
  const { sys, asked } = kernel(answers);
  const map = { fd: 9, name: "m", maxEntries };
  const keys: number[] = [];
  let error: unknown;
  try {
    for (const batch of entryBatches({ sys, map, keySizeBytes: 4, valueSizeBytes: 8, remove: false, capacity })) {
      for (let index = 0; index < batch.count; index++) keys.push(batch.keys.getUint32(index * 4, true));
    }
  } catch (caught) {
    error = caught;
  }
  return { keys, asked, error };
}

describe("reading in batches", () => {
  test("ends with ENOENT, and what came with it counts", () => {
    const { keys, asked } = read([{ keys: [1, 2] }, { keys: [3], result: -Errno.ENOENT }], 2);
    assert.deepEqual(keys, [1, 2, 3]);
    assert.deepEqual(asked, [
      { capacity: 2, fromStart: true },
      { capacity: 2, fromStart: false },
    ]);
  });

  test("of an empty map gives nothing", () => {
    assert.deepEqual(read([{ result: -Errno.ENOENT }], 4).keys, []);
  });

  test("grows its buffers when a bucket does not fit, and goes on at the same place", () => {
    const { keys, asked, error } = read(
      [
        { keys: [1] },
        { result: -Errno.ENOSPC },
        { result: -Errno.ENOSPC },
        { keys: [2, 3, 4, 5], result: -Errno.ENOENT },
      ],
      1,
    );
    assert.equal(error, undefined);
    assert.deepEqual(keys, [1, 2, 3, 4, 5]);
    assert.deepEqual(
      asked.map(({ capacity }) => capacity),
      [1, 1, 2, 4],
    );
  });

  test("gives up when even the whole map's room is said to be too little", () => {
    const { error, asked } = read(new Array(50).fill({ result: -Errno.ENOSPC }), 1, 4);
    assert.ok(error instanceof Error);
    assert.equal(error.message, 'reading map "m" in batches failed: bpf(BPF_MAP_LOOKUP_BATCH) answered ENOSPC');
    assert.deepEqual(
      asked.map(({ capacity }) => capacity),
      [1, 2, 4],
    );
  });

  test("goes on after an interruption, for a bounded number of times", () => {
    assert.deepEqual(
      read([{ keys: [1], result: -Errno.EINTR }, { result: -Errno.EINTR }, { keys: [2] }], 4).keys,
      [1, 2],
    );
    const { asked, error } = read(new Array(500).fill({ result: -Errno.EINTR }), 4);
    assert.ok(error instanceof Error);
    assert.equal(asked.length, 101);
  });

  test("fails with what the kernel said", () => {
    const { keys, error } = read([{ keys: [1] }, { result: -Errno.EFAULT, keys: [7] }], 1);
    assert.deepEqual(keys, [1]);
    assert.ok(error instanceof Error);
    assert.equal(error.message, 'reading map "m" in batches failed: bpf(BPF_MAP_LOOKUP_BATCH) answered EFAULT');
  });
});

describe("reading key by key, where there are no batches", () => {
  /** A map of these keys; `onLookup` may change it meanwhile. */
  function listed(
    entries: Map<number, number>,
    options: { maxEntries?: number; restarts?: boolean; remove?: boolean },
  ) {
    const sys = new FakeSys();
    sys.bpf = (command, bytes) => {
      const attributes = new DataView(bytes.buffer);
      const memory = (offset: number) => sys.memoryAt(attributes.getBigUint64(offset, true));
      const key = memory(8)?.[0];
      switch (command) {
        case BpfCommand.MAP_GET_NEXT_KEY: {
          const keys = Array.from(entries.keys());
          const next = keys[key === undefined ? 0 : keys.indexOf(key) + 1];
          const chosen = next === undefined && options.restarts ? keys[0] : next;
          if (chosen === undefined) return -Errno.ENOENT;
          memory(16)?.set([chosen]);
          return 0;
        }
        case BpfCommand.MAP_LOOKUP_ELEM: {
          const value = entries.get(key ?? -1);
          if (value === undefined) return -Errno.ENOENT;
          memory(16)?.set([value]);
          return 0;
        }
        case BpfCommand.MAP_DELETE_ELEM:
          return entries.delete(key ?? -1) ? 0 : -Errno.ENOENT;
        default:
          return -Errno.ENOTSUPP;
      }
    };
    const map = { fd: 9, name: "m", maxEntries: options.maxEntries ?? 10 };
    const batches = entryBatches({
      sys,
      map,
      keySizeBytes: 4,
      valueSizeBytes: 8,
      remove: options.remove ?? false,
      capacity: 2,
    });
    const found: [number, number][] = [];
    for (const { count, keys, values } of batches) {
      for (let index = 0; index < count; index++) found.push([keys.getUint8(index * 4), values.getUint8(index * 8)]);
    }
    return found;
  }

  const entries = (): Map<number, number> => new Map([1, 2, 3, 4, 5].map((key) => [key, key * 10]));

  test("gives all entries", () => {
    assert.deepEqual(listed(entries(), {}), [
      [1, 10],
      [2, 20],
      [3, 30],
      [4, 40],
      [5, 50],
    ]);
  });

  test("takes them out", () => {
    const map = entries();
    assert.equal(listed(map, { remove: true }).length, 5);
    assert.equal(map.size, 0);
  });

  test("ends where the kernel keeps starting again", () => {
    assert.throws(() => listed(entries(), { restarts: true }), {
      code: "system",
      message: 'reading the keys of map "m" did not end: entries are deleted faster than it is read',
    });
  });
});

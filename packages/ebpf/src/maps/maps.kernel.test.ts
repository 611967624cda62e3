import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { probeFeature } from "../features/features.ts";
import { isAtLeast, kernelVersion } from "../features/kernel-version.ts";
import { Collection } from "../loader/collection.ts";
import { possibleCpuCount } from "../sys/cpus.ts";
import { run, testObject } from "../testing/objects.ts";
import type { KeyedMap } from "./keyed-map.ts";

interface HashKey {
  id: number;
  kind: number;
  name: string;
}
interface HashValue {
  count: bigint;
  delta: number;
  raw: Uint8Array;
}

const hashKey = (id: number): HashKey => ({ id, kind: 7, name: "key" });
const hashValue = (id: number): HashValue => ({
  count: BigInt(id) * 3n,
  delta: -id,
  raw: new Uint8Array(Buffer.from("abcd")),
});

let collection: Collection;
before(async () => {
  collection = await Collection.load(testObject("maps"));
});
after(() => collection[Symbol.dispose]());

function fill(count: number): KeyedMap<HashKey, HashValue> {
  const hash = collection.maps.get<HashKey, HashValue>("hash");
  for (const _ of hash.takeBatches()) {
    // Empties what an earlier test wrote.
  }
  collection.globals.set("next", 0);
  assert.equal(run(collection.programs.get("fill_hash"), count), 0);
  return hash;
}

describe("a hash", () => {
  test("takes memory as it fills where that is asked for, from 6.1 on, and holds as much", async () => {
    using whole = await Collection.load(testObject("maps"), { maxEntries: { hash: 4096 } });
    using onDemand = await Collection.load(testObject("maps"), { maxEntries: { hash: 4096 }, onDemand: ["hash"] });
    const memory = ({ maps }: Collection): number => maps.get("hash").memoryBytes();
    const before = [memory(whole), memory(onDemand)] as const;
    for (const { maps, programs } of [whole, onDemand]) {
      assert.equal(run(programs.get("fill_hash"), 100), 0);
      assert.deepEqual(maps.get<HashKey, HashValue>("hash").get(hashKey(99)), hashValue(99));
    }
    assert.equal(memory(whole), before[0]);
    if (!probeFeature("on-demand-hash").supported) {
      assert.equal(memory(onDemand), memory(whole));
      return;
    }
    // Before, fdinfo told what a map takes when it is full (map_mem_usage of struct bpf_map_ops came with 6.4).
    if (isAtLeast(kernelVersion(), "6.4")) {
      assert.ok(
        memory(onDemand) <= memory(whole) / 2,
        `${memory(onDemand)} bytes, with all its elements ${memory(whole)}`,
      );
    }
    const hash = onDemand.maps.get<HashKey, HashValue>("hash");
    for (let id = 100; id < 4096; id++) hash.set(hashKey(id), hashValue(id));
    assert.throws(() => hash.set(hashKey(4096), hashValue(0)), { errnoName: "E2BIG" });
  });

  test("gives the structs that the program wrote", () => {
    const hash = fill(10);
    assert.deepEqual(hash.get(hashKey(4)), hashValue(4));
    assert.equal(hash.get(hashKey(10)), undefined);
    assert.equal(hash.has(hashKey(9)), true);
    assert.equal(hash.has(hashKey(10)), false);
  });

  test("takes values from user space", () => {
    const hash = fill(1);
    hash.set(hashKey(500), hashValue(2));
    assert.deepEqual(hash.get(hashKey(500)), hashValue(2));
    assert.equal(hash.delete(hashKey(500)), true);
    assert.equal(hash.delete(hashKey(500)), false);
  });

  test("tells insertion from replacement", () => {
    const hash = fill(1);
    assert.throws(() => hash.set(hashKey(0), hashValue(0), { mode: "insert" }), {
      name: "BpfError",
      errnoName: "EEXIST",
      message: 'writing to map "hash" failed: the key is there already (EEXIST)',
    });
    assert.throws(() => hash.set(hashKey(1), hashValue(0), { mode: "replace" }), {
      code: "not-found",
      errnoName: "ENOENT",
    });
  });

  for (const capacity of [1, 7, 64, 4096, undefined]) {
    test(`lists every entry once, ${capacity ?? "the default number of"} a batch`, () => {
      const hash = fill(3000);
      const seen = new Map<number, bigint>();
      for (const { count, keys, values } of hash.batches(capacity === undefined ? {} : { capacity })) {
        for (let index = 0; index < count; index++) {
          const id = keys.getUint32(index * 12, true);
          assert.equal(seen.has(id), false);
          seen.set(id, values.getBigUint64(index * 16, true));
        }
      }
      assert.equal(seen.size, 3000);
      for (const [id, count] of seen) assert.equal(count, BigInt(id) * 3n);
    });
  }

  test("gives up an entry in one step", (context) => {
    // 5.14, as bpf_get_attach_cookie() and its links a release later.
    if (!probeFeature("perf-link").supported) return context.skip("it came with Linux 5.14");
    const hash = fill(2);
    assert.deepEqual(hash.take(hashKey(1)), hashValue(1));
    assert.equal(hash.take(hashKey(1)), undefined);
  });

  test("is empty after it was drained, and each entry came out once", () => {
    const hash = fill(5000);
    const ids = Array.from(hash.drain(), ([key]) => key.id);
    assert.equal(ids.length, 5000);
    assert.equal(new Set(ids).size, 5000);
    assert.deepEqual(Array.from(hash), []);
  });

  test("can be deleted from while it is listed", () => {
    const hash = fill(2000);
    let count = 0;
    for (const [key] of hash) {
      assert.equal(hash.delete(key), true);
      count++;
    }
    assert.equal(count, 2000);
    assert.equal(Array.from(hash.keys()).length, 0);
  });

  test("says when it is full", () => {
    const hash = fill(20000);
    assert.throws(() => hash.set(hashKey(20000), hashValue(0)), {
      code: "system",
      errnoName: "E2BIG",
      message: 'writing to map "hash" failed: it is full: it has 20000 entries (E2BIG)',
    });
  });

  test("gives raw bytes without decoding", () => {
    const hash = fill(3);
    const key = new Uint8Array(12);
    const target = new Uint8Array(hash.entrySizeBytes);
    new DataView(key.buffer).setUint32(0, 2, true);
    new DataView(key.buffer).setUint16(4, 7, true);
    key.set(Buffer.from("key"), 6);
    assert.equal(hash.getBytes(key, target), true);
    assert.equal(new DataView(target.buffer).getBigUint64(0, true), 6n);
    key[0] = 99;
    assert.equal(hash.getBytes(key, target), false);
    hash.setBytes(key, target);
    assert.equal(hash.deleteBytes(key), true);
  });

  test("of types unknown to BTF takes and gives bytes", () => {
    const untyped = collection.maps.get<Uint8Array, Uint8Array>("untyped");
    untyped.set(Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7));
    assert.deepEqual(Array.from(untyped), [[Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7)]]);
    assert.throws(() => untyped.set(Uint8Array.of(1), Uint8Array.of(5, 6, 7)), RangeError);
  });
});

test("an LRU hash keeps the last entries and never refuses one", () => {
  const lru = collection.maps.get<number, bigint>("lru_hash");
  collection.globals.set("next", 0);
  run(collection.programs.get("fill_lru"), 5000);
  const entries = Array.from(lru);
  assert.ok(entries.length > 0 && entries.length <= 1024, `${entries.length} entries`);
  for (const [key, value] of entries) assert.equal(value, BigInt(key));
});

test("per-CPU maps have a value for each possible CPU, padded to 8 bytes in the kernel alone", () => {
  const cpus = possibleCpuCount();
  const hash = collection.maps.get<number, number[]>("percpu_hash");
  const array = collection.maps.get<number, { words: number[] }[]>("percpu_array");
  const wide = collection.maps.get<number, bigint[]>("lru_percpu_hash");
  hash.set(2, new Array(cpus).fill(10));
  for (let round = 0; round < 5; round++) run(collection.programs.get("fill_others"));
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  assert.equal(hash.get(2)?.length, cpus);
  assert.equal(sum(hash.get(2) ?? []), 10 * cpus + 5);
  const words = array.get(2)?.map((value) => value.words[2] ?? 0);
  assert.equal(words?.length, cpus);
  assert.equal(sum(words ?? []), 25);
  assert.deepEqual(array.get(1), new Array(cpus).fill({ words: [0, 0, 0] }));
  // Of an LRU map only the CPU that wrote it has a value.
  assert.equal(wide.get(2)?.filter((value) => value === 1n << 40n).length, 1);
  // Listing decodes as looking up does; per-CPU arrays had no batches before 5.13 and are read key by key there.
  assert.deepEqual(
    Array.from(array, ([key]) => key),
    [0, 1, 2, 3],
  );
  assert.deepEqual(new Map(array).get(2), array.get(2));
  assert.throws(() => hash.set(2, new Array(cpus + 1).fill(1)), RangeError);
});

test("an array has all of its elements from the start and keeps them", () => {
  const array = collection.maps.get<number, HashValue>("array");
  assert.equal(Array.from(array).length, 300);
  assert.equal(array.get(300), undefined);
  array.set(299, hashValue(7));
  assert.deepEqual(array.get(299), hashValue(7));
  assert.throws(() => array.delete(299), { code: "invalid-argument", errnoName: "EINVAL" });
});

test("a trie finds the longest prefix, and is listed without batches where the kernel has none", () => {
  const routes = collection.maps.get<{ prefix_bits: number; address: Uint8Array }, number>("routes");
  const prefix = (bits: number, ...address: number[]) => ({ prefix_bits: bits, address: Uint8Array.from(address) });
  routes.set(prefix(8, 10, 0, 0, 0), 1);
  routes.set(prefix(16, 10, 1, 0, 0), 2);
  assert.equal(routes.get(prefix(32, 10, 1, 2, 3)), 2);
  assert.equal(routes.get(prefix(32, 10, 9, 2, 3)), 1);
  assert.equal(routes.get(prefix(32, 11, 0, 0, 0)), undefined);
  assert.deepEqual(new Set(routes.values()), new Set([1, 2]));
});

test("maps of maps hold maps, and let go of them", () => {
  const { maps, programs } = collection;
  const inner = maps.get<number, number>("inner_a");
  const other = maps.get<number, number>("inner_b");
  maps.descriptors("array_of_maps").set(1, inner);
  maps.descriptors("hash_of_maps").set(7, other);
  for (let round = 0; round < 3; round++) run(programs.get("bump_inner"));
  assert.equal(inner.get(1), 3);
  assert.equal(other.get(1), 3);
  assert.equal(maps.descriptors("hash_of_maps").delete(7), true);
  assert.equal(maps.descriptors("hash_of_maps").delete(7), false);
  run(programs.get("bump_inner"));
  assert.equal(inner.get(1), 4);
  assert.equal(other.get(1), 3);
});

test("a program array is where a tail call goes", () => {
  const { maps, programs } = collection;
  assert.equal(run(programs.get("call_tail")), 1);
  maps.descriptors("callees").set(1, programs.get("tail"));
  assert.equal(run(programs.get("call_tail")), 42);
  assert.equal(maps.descriptors("callees").delete(1), true);
  assert.equal(run(programs.get("call_tail")), 1);
});

test("the memory of a map is that which the kernel tells", () => {
  const hash = collection.maps.get("hash");
  assert.ok(hash.memoryBytes() >= 20000 * (12 + 16), `${hash.memoryBytes()} bytes`);
});

test("a map of another family is refused by name", () => {
  const { maps } = collection;
  assert.throws(() => maps.get("queue"), { message: 'map "queue" (type 22) is not one with keys and values' });
  assert.throws(() => maps.ringBuffer("hash"), { message: 'map "hash" (type 1) is not a ring buffer' });
  assert.throws(() => maps.get("hsh"), { code: "not-found", message: 'the object has no map "hsh"' });
});

test("a closed map answers EBADF and never hits another descriptor", async () => {
  const closed = await Collection.load(testObject("maps"), { maxEntries: { hash: 16 } });
  const hash = closed.maps.get<HashKey, HashValue>("hash");
  assert.equal(hash.maxEntries, 16);
  const before = readdirSync("/proc/self/fd").length;
  closed[Symbol.dispose]();
  closed[Symbol.dispose]();
  assert.ok(readdirSync("/proc/self/fd").length < before);
  assert.throws(() => hash.get(hashKey(1)), { errnoName: "EBADF" });
});

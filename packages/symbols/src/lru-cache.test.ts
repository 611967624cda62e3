import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LruCache } from "./lru-cache.ts";

describe("LruCache", () => {
  it("drops what was not used for the longest time", () => {
    const evicted: string[] = [];
    const cache = new LruCache<number, string>(2, (value) => evicted.push(value));
    cache.set(1, "one");
    cache.set(2, "two");
    assert.equal(cache.get(1), "one");
    cache.set(3, "three");
    assert.deepEqual(evicted, ["two"]);
    assert.equal(cache.get(2), undefined);
    assert.deepEqual([...cache.values()], ["one", "three"]);
    assert.equal(cache.size, 2);
  });

  it("lets go of a value that is replaced, deleted or cleared, once", () => {
    const evicted: string[] = [];
    const cache = new LruCache<number, string>(5, (value) => evicted.push(value));
    cache.set(1, "a");
    cache.set(1, "b");
    cache.set(1, "b");
    cache.set(2, "c");
    cache.set(3, "d");
    cache.delete(2);
    cache.delete(2);
    cache.clear();
    assert.deepEqual(evicted, ["a", "c", "b", "d"]);
  });
});

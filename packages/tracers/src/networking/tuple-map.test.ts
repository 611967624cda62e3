import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type TupleKey, TupleMap } from "./tuple-map.ts";

test("a value is found by all of its keys, and by nothing else", () => {
  const key = fc.constantFrom<TupleKey>("", "1", "a", 1, 0, true, false, undefined);
  fc.assert(
    fc.property(fc.array(fc.tuple(key, key, key)), (tuples) => {
      const map = new TupleMap<{ readonly of: string }>();
      const expected = new Map<string, { readonly of: string }>();
      const scratch: TupleKey[] = [];
      for (const tuple of tuples) {
        const of = tuple.map((part) => `${typeof part} ${part}`).join();
        for (const [index, part] of tuple.entries()) scratch[index] = part;
        assert.equal(map.get(scratch), expected.get(of));
        if (expected.has(of)) continue;
        const value = { of };
        map.add(scratch, value);
        expected.set(of, value);
      }
      assert.equal(map.size, expected.size);
      assert.deepEqual(map.take(), [...expected.values()]);
      assert.equal(map.size, 0);
      for (const tuple of tuples) assert.equal(map.get(tuple), undefined);
    }),
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TupleTable } from "./tuple-table.ts";

const noChange = () => undefined;

test("equal tuples are one row, whatever else there is", () => {
  const tuples = fc.array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: 0, max: 2 ** 31 - 1 })), {
    maxLength: 2000,
  });
  fc.assert(
    fc.property(tuples, (list) => {
      const table = new TupleTable(2, 1_000_000);
      const rows = new Map([["0,0", 0]]);
      for (const tuple of list) {
        const row = table.add(tuple);
        assert.ok(row !== undefined);
        const known = rows.get(tuple.join());
        assert.equal(row, known ?? table.size - 1);
        rows.set(tuple.join(), row);
        assert.deepEqual([table.get(row, 0), table.get(row, 1)], tuple);
      }
      assert.equal(table.size, rows.size);
    }),
  );
});

test("a full table takes nothing new, and still knows what it has", () => {
  const limitBytes = 30_000;
  const table = new TupleTable(2, limitBytes);
  let added = 0;
  while (table.add([1, added]) !== undefined) added++;
  assert.ok(added > 500, `${added} rows`);
  assert.ok(table.fill.sizeBytes <= limitBytes, `${table.fill.sizeBytes} bytes`);
  assert.equal(table.fill.fullness, 1);
  assert.equal(table.add([1, 7]), 8);
  assert.equal(table.add([1, added]), undefined);
});

test("rows that are kept keep their order and get new numbers", () => {
  const table = new TupleTable(1, 100_000);
  const rows = Array.from({ length: 600 }, (_, index) => table.add([1000 + index]) ?? 0);
  const used = new Uint8Array(table.size);
  for (const row of rows) if (row % 3 === 0) used[row] = 1;
  const renumbered = table.keep(used, noChange);
  assert.equal(table.size, 201);
  assert.equal(table.get(renumbered[600] ?? -1, 0), 1599);
  assert.equal(table.add([1002]), renumbered[3]);
  assert.equal(table.add([1001]), 201);
});

test("a row that is not there is an error, not a zero", () => {
  assert.throws(() => new TupleTable(2, 1000).get(1, 0), new RangeError("there is no row 1"));
});

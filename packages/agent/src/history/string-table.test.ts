import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { StringTable } from "./string-table.ts";

test("equal texts are one, whatever they are made of, and come back as they were", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" }), { maxLength: 1000 }), (texts) => {
      const table = new StringTable(10_000_000);
      const ids = texts.map((text) => table.add(text) ?? -1);
      for (const [index, text] of texts.entries()) {
        assert.equal(table.text(ids[index] ?? -1), text);
        assert.equal(table.find(text), ids[index]);
      }
      assert.equal(table.size, new Set(["", ...texts]).size);
    }),
  );
});

test("a full table takes nothing new, knows what it has, and is within its bound", () => {
  const limitBytes = 100_000;
  const table = new StringTable(limitBytes);
  let added = 0;
  while (table.add(`text number ${added}`) !== undefined) added++;
  assert.ok(added > 2000, `${added} texts`);
  assert.ok(table.fill.fullness <= 1 && table.fill.fullness > 0.99);
  assert.ok(table.fill.sizeBytes < limitBytes * 1.3, `${table.fill.sizeBytes} bytes`);
  assert.equal(table.add("text number 7"), 8);
  assert.equal(table.find("no such text"), undefined);
});

test("what is kept is found under its new number, and there is room again", () => {
  const table = new StringTable(100_000);
  const ids = Array.from({ length: 2000 }, (_, index) => table.add(`text ${index}`) ?? 0);
  const used = new Uint8Array(table.size);
  for (const id of ids) if (id % 5 === 0) used[id] = 1;
  const before = table.fill;
  const renumbered = table.keep(used);
  assert.equal(table.size, 401);
  assert.ok(table.fill.sizeBytes < before.sizeBytes / 2);
  assert.equal(table.text(renumbered[1000] ?? -1), "text 999");
  assert.equal(table.find("text 999"), renumbered[1000]);
  assert.equal(table.find("text 1000"), undefined);
  assert.equal(table.add("text 1000"), 401);
});

test("a number that stands for nothing is an error", () => {
  const table = new StringTable(1000);
  for (const id of [1, -1, Number.NaN]) assert.throws(() => table.text(id), RangeError);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { cut, moved, release } from "./columns.ts";
import { overlay } from "./overlay.ts";
import { radixOrder } from "./radix-order.ts";
import { RangeTable, RangeTableBuilder, upperBound } from "./range-table.ts";

type Range = readonly [start: number, end: number, value: number];

function tableOf(ranges: readonly Range[]): RangeTable {
  const builder = new RangeTableBuilder(0);
  for (const [start, end, value] of ranges) builder.add(start, end, value);
  return builder.build();
}

function rangesOf(table: RangeTable): Range[] {
  return Array.from(table.starts, (start, index) => {
    return [start, start + (table.sizesBytes[index] ?? 0), table.values[index] ?? 0] as const;
  });
}

function valueAt(table: RangeTable, address: number): number | undefined {
  const index = table.find(address);
  return index < 0 ? undefined : table.values[index];
}

describe("RangeTable", () => {
  it("finds the range that holds an address, and none in the gaps", () => {
    const table = tableOf([
      [10, 20, 1],
      [20, 30, 2],
      [40, 41, 3],
    ]);
    const expected = new Map([
      [9, undefined],
      [10, 1],
      [19, 1],
      [20, 2],
      [29, 2],
      [30, undefined],
      [40, 3],
      [41, undefined],
    ]);
    for (const [address, value] of expected) assert.equal(valueAt(table, address), value, `address ${address}`);
    assert.equal(RangeTable.empty.find(0), -1);
  });

  it("joins ranges that touch and have the same value, and leaves out empty ones", () => {
    const table = tableOf([
      [10, 20, 7],
      [20, 20, 9],
      [20, 25, 7],
    ]);
    assert.deepEqual(rangesOf(table), [[10, 25, 7]]);
  });

  it("costs 16 bytes a range", () => {
    const ranges = Array.from({ length: 1000 }, (_, index) => [index * 2, index * 2 + 1, index] as const);
    assert.equal(tableOf(ranges).memoryBytes, 16_000);
  });
});

describe("upperBound", () => {
  it("counts the elements up to a value", () => {
    for (const [value, count] of [
      [0, 0],
      [1, 1],
      [2, 3],
      [5, 4],
    ] as const) {
      assert.equal(upperBound([1, 2, 2, 5], value), count);
    }
  });
});

describe("overlay", () => {
  const cases: readonly (readonly [string, Range[], Range[], Range[]])[] = [
    ["hides what it covers", [[10, 20, 1]], [[10, 20, 2]], [[10, 20, 2]]],
    [
      "splits what it lies in",
      [[10, 40, 1]],
      [[20, 30, 2]],
      [
        [10, 20, 1],
        [20, 30, 2],
        [30, 40, 1],
      ],
    ],
    [
      "cuts the beginning",
      [[10, 30, 1]],
      [[5, 15, 2]],
      [
        [5, 15, 2],
        [15, 30, 1],
      ],
    ],
    [
      "cuts the end",
      [[10, 30, 1]],
      [[25, 35, 2]],
      [
        [10, 25, 1],
        [25, 35, 2],
      ],
    ],
    [
      "reaches over several",
      [
        [10, 20, 1],
        [20, 30, 2],
        [30, 40, 3],
      ],
      [[15, 35, 9]],
      [
        [10, 15, 1],
        [15, 35, 9],
        [35, 40, 3],
      ],
    ],
    ["adds to nothing", [], [[1, 2, 3]], [[1, 2, 3]]],
    ["leaves what it doesn't touch", [[1, 2, 3]], [], [[1, 2, 3]]],
  ];
  for (const [name, older, newer, expected] of cases) {
    it(name, () => assert.deepEqual(rangesOf(overlay(tableOf(older), tableOf(newer))), expected));
  }

  it("gives every address to the newer table, else to the older, for any two tables", () => {
    const table = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 3 })))
      .map((steps) => {
        const ranges: Range[] = [];
        let at = 0;
        for (const [gap, size, value] of steps) {
          ranges.push([at + gap, at + gap + size, value]);
          at += gap + size;
        }
        return tableOf(ranges);
      });
    fc.assert(
      fc.property(table, table, (older, newer) => {
        const merged = overlay(older, newer);
        for (let address = 0; address < 200; address++) {
          assert.equal(valueAt(merged, address), valueAt(newer, address) ?? valueAt(older, address));
        }
      }),
    );
  });
});

describe("radixOrder", () => {
  it("sorts as a stable sort does, up to 2^53", () => {
    const keys = fc.array(
      fc.oneof(fc.integer({ min: 0, max: 20 }), fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
    );
    fc.assert(
      fc.property(keys, (values) => {
        const expected = values.map((_, index) => index).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
        assert.deepEqual([...radixOrder(Float64Array.from(values))], expected);
      }),
    );
  });

  it("orders only as many as it is told to", () => {
    assert.deepEqual([...radixOrder(Uint32Array.of(5, 4, 1), 2)], [1, 0]);
  });
});

describe("columns", () => {
  it("give their memory back when they are released", () => {
    const columns = [new Float64Array(10), new Uint32Array(10).subarray(2)];
    release(...columns);
    assert.deepEqual(
      columns.map(({ buffer, length }) => [buffer.byteLength, length]),
      [
        [0, 0],
        [0, 0],
      ],
    );
  });

  it("are cut to what is used of them", () => {
    const column = Uint32Array.of(1, 2, 3);
    assert.equal(cut(column, 3), column);
    const kept = cut(column, 2);
    assert.deepEqual([kept, kept.buffer.byteLength, column.length], [Uint32Array.of(1, 2), 8, 0]);
  });

  it("move to where there is more room", () => {
    const column = Uint16Array.of(1, 2);
    assert.deepEqual([moved(column, new Uint16Array(3)), column.length], [Uint16Array.of(1, 2, 0), 0]);
  });
});

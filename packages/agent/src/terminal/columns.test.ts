import assert from "node:assert/strict";
import { test } from "node:test";
import { type Column, layOutTable } from "./columns.ts";
import { cutProcess } from "./process-name.ts";

interface Row {
  readonly count: string;
  readonly name: string;
  readonly process: string;
}

const columns: readonly Column<Row>[] = [
  { title: "COUNT", align: "end", least: 6, cell: ({ count }) => count },
  { title: "NAME", align: "start", yields: true, cell: ({ name }) => name },
  { title: "PROCESS", align: "start", most: 12, cut: cutProcess, cell: ({ process }) => process },
];

const rows: readonly Row[] = [
  { count: "7", name: "日本語日本語", process: "sh (1)" },
  { count: "1,234,567", name: "a-rather-long-name", process: "kworker-events (4242)" },
];

test("columns are as wide as what they show, and only one gives way", () => {
  assert.deepEqual(layOutTable(columns, rows, 80), [
    "    COUNT  NAME                PROCESS",
    "        7  日本語日本語        sh (1)",
    "1,234,567  a-rather-long-name  kw…ts (4242)",
  ]);
  assert.deepEqual(layOutTable(columns, rows, 33), [
    "    COUNT  NAME      PROCESS",
    "        7  日…本語   sh (1)",
    "1,234,567  a-r…name  kw…ts (4242)",
  ]);
});

test("a table without rows is its titles", () => {
  assert.deepEqual(layOutTable(columns, [], 80), [" COUNT  NAME  PROCESS"]);
});

test("where there is no room at all, one column stays of what gives way", () => {
  assert.equal(layOutTable(columns, rows, 10)[2], "1,234,567  …  kw…ts (4242)");
});

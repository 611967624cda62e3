import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunningProcess } from "skep/answers";
import { isKernelThread, matching, treeRows } from "./process-tree.ts";

const process = (pid: number, parentPid: number, name: string): RunningProcess => ({
  pid,
  parentPid,
  name,
  state: "S",
  userId: 0,
  threads: 1,
});

const processes = [
  process(1, 0, "init"),
  process(2, 0, "kthreadd"),
  process(3, 2, "kworker"),
  process(40, 1, "sshd"),
  process(41, 40, "bash"),
  process(50, 1, "nginx"),
  process(60, 999, "orphan"),
];

const shown = (rows: ReturnType<typeof treeRows>) =>
  rows.map(({ process: { name }, depth }) => `${" ".repeat(depth)}${name}`);

test("processes stand below their parents, those without one at the top", () => {
  assert.deepEqual(shown(treeRows(processes, new Set())), [
    "init",
    " sshd",
    "  bash",
    " nginx",
    "kthreadd",
    " kworker",
    "orphan",
  ]);
});

test("what is below a collapsed process is not shown", () => {
  const rows = treeRows(processes, new Set([1, 50]));
  assert.deepEqual(shown(rows), ["init", "kthreadd", " kworker", "orphan"]);
  assert.deepEqual([rows[0]?.isCollapsed, rows[0]?.childCount], [true, 2]);
});

test("a process that matches keeps its place below those it descends from", () => {
  assert.deepEqual(shown(treeRows(matching(processes, " BASH "), new Set())), ["init", " sshd", "  bash"]);
  assert.deepEqual(shown(treeRows(matching(processes, "50"), new Set())), ["init", " nginx"]);
  assert.equal(matching(processes, "").length, processes.length);
  assert.equal(matching(processes, "no such").length, 0);
});

test("parents in a ring do not hang it", () => {
  const ring = [process(5, 6, "a"), process(6, 5, "b")];
  assert.deepEqual(treeRows(ring, new Set()), []);
  assert.equal(matching(ring, "a").length, 2);
});

test("kernel threads are kthreadd and its children", () => {
  assert.deepEqual(
    processes.filter(isKernelThread).map(({ name }) => name),
    ["kthreadd", "kworker"],
  );
});

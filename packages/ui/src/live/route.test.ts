import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_RANGE, rangeText, sameRange, spanBefore, timesOf } from "./range.ts";
import { formatRoute, parseRoute, type Route } from "./route.ts";

test("where one is stands in the address, and is read from it again", () => {
  const routes: readonly Route[] = [
    { view: "overview", range: { kind: "last", seconds: 60 }, pid: undefined, details: {} },
    { view: "flame", range: { kind: "fixed", fromMs: 1000, toMs: 2000 }, pid: 42, details: { mode: "off-cpu" } },
    { view: "syscalls", range: { kind: "last", seconds: 900 }, pid: undefined, details: { call: "a&b=c/d" } },
  ];
  for (const route of routes) assert.deepEqual(parseRoute(formatRoute(route)), route);
  assert.equal(formatRoute(routes[1] as Route), "#/flame?from=1000&to=2000&process=42&mode=off-cpu");
});

test("whatever is wrong in an address is left out", () => {
  const overview = { view: "overview", range: DEFAULT_RANGE, pid: undefined, details: {} };
  for (const hash of [
    "",
    "#",
    "#/nothing",
    "#/overview?last=-5",
    "#/?from=2&to=1",
    "#/?last=x&process=1e9",
    "#/?process=-1",
  ]) {
    assert.deepEqual(parseRoute(hash), overview, hash);
  }
});

test("a range that follows the present moves with it, a fixed one stays", () => {
  assert.deepEqual(timesOf({ kind: "last", seconds: 60 }, 100_000), { fromMs: 40_000, toMs: 100_000 });
  assert.deepEqual(timesOf({ kind: "fixed", fromMs: 1, toMs: 2 }, 100_000), { fromMs: 1, toMs: 2 });
  assert.deepEqual(spanBefore({ fromMs: 40, toMs: 100 }), { fromMs: -20, toMs: 40 });
  assert.ok(sameRange({ kind: "last", seconds: 60 }, { kind: "last", seconds: 60 }));
  assert.ok(!sameRange({ kind: "last", seconds: 60 }, DEFAULT_RANGE));
  assert.equal(rangeText({ kind: "last", seconds: 300 }), "the last 5 min");
  assert.match(rangeText({ kind: "fixed", fromMs: 0, toMs: 70_000 }), /^\d\d:\d\d:00 to \d\d:\d\d:10 \(1 min 10 s\)$/);
});

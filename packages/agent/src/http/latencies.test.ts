import assert from "node:assert/strict";
import { test } from "node:test";
import { latencyQuantile } from "@skep/tracers/networking";
import { latency } from "../testing/network-reports.ts";
import { addLatencies } from "./latencies.ts";

test("histograms that lie apart add up in either order", () => {
  const [short, long] = [latency(90, 10), latency(10, 20)];
  const sum = addLatencies(short, long);
  assert.deepEqual(addLatencies(long, short), sum);
  assert.ok(sum);
  assert.equal(sum.count, 100);
  assert.equal(sum.sumNs, 90 * 2 ** 10 + 10 * 2 ** 20);
  assert.deepEqual([sum.minNs, sum.maxNs], [2 ** 10, 2 ** 20]);
  assert.equal(sum.offset, short.offset);
  assert.equal(sum.counts.length, 81);
  assert.deepEqual([latencyQuantile(sum, 0.9), latencyQuantile(sum, 0.91)], [2 ** 10, 2 ** 20]);
});

test("what is not there adds nothing", () => {
  assert.equal(addLatencies(undefined, undefined), undefined);
  const some = latency(3);
  assert.equal(addLatencies(some, undefined), some);
  assert.equal(addLatencies(undefined, some), some);
});

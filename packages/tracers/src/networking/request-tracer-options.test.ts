import assert from "node:assert/strict";
import { test } from "node:test";
import { assertRequestTracerOptions, requestTracerLimits, scratchPlacesPerCpu } from "./request-tracer-options.ts";

test("a ring has room for some records, and a bound", () => {
  assertRequestTracerOptions({});
  assertRequestTracerOptions({ ringBytes: 256 * 1024 });
  for (const ringBytes of [0, 4096, 2 ** 31, 1e6 + 0.5, Number.NaN]) {
    assert.throws(() => assertRequestTracerOptions({ ringBytes }), { code: "invalid-argument" });
  }
});

test("limits grow with the machine, and can be set", () => {
  assert.equal(requestTracerLimits(100, {}).threads, 4096);
  assert.equal(requestTracerLimits(10_000, {}).threads, 20_000);
  assert.equal(requestTracerLimits(100, { limits: { flows: 3 } }).flows, 3);
  assert.ok(scratchPlacesPerCpu() >= 2);
});

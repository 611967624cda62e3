import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionTracerLimits } from "./connection-tracer-options.ts";

test("limits are whole numbers from 1, and those not given are as they are", () => {
  assert.deepEqual(connectionTracerLimits({ limits: { peers: 7 } }), {
    connections: 16_384,
    ringBytes: 1024 * 1024,
    peers: 7,
  });
  for (const connections of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => connectionTracerLimits({ limits: { connections } }), { code: "invalid-argument" });
  }
});

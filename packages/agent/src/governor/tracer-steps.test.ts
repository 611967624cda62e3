import assert from "node:assert/strict";
import { test } from "node:test";
import { changeTo, tracerSteps } from "./tracer-steps.ts";

test("the tracer of the network goes down by its parts, and keeps the rest of what was configured", () => {
  const configured = { requests: { keepQuery: true }, packets: { flows: false }, singleRequests: 100 };
  const levels = tracerSteps.network.map((_, index) => changeTo("network", configured, index + 1, "too much"));
  assert.deepEqual(
    levels.map(({ settings }) => settings),
    [
      { ...configured, singleRequests: 0 },
      { ...configured, singleRequests: 0, requests: { keepQuery: true, tls: false } },
      { ...configured, singleRequests: 0, requests: false },
      { singleRequests: 0, requests: false, packets: false },
      undefined,
    ],
  );
  assert.equal(levels[1]?.reason, "too much: requests over TLS are not seen");
  assert.deepEqual(changeTo("network", configured, 0, ""), { settings: configured });
});

test("what was configured without requests has none when TLS is let go", () => {
  assert.equal(changeTo("network", { requests: false }, 2, "").settings?.requests, false);
});

import assert from "node:assert/strict";
import { exactTest } from "../testing/exact-test.ts";
import { logged, multisetDifference, nothingMissing, sideOf, tracedScenario } from "./testing/traced-requests.ts";

const REQUESTS = 10_000;
const MIB = 1024 * 1024;
/** However late it is read: what both sides move is less than the half of it from which on bodies are left out. */
const RING_BYTES = 512 * MIB;

for (const connections of [1, 64]) {
  exactTest(`10,000 requests are told by both sides to the byte, over kept connections: ${connections}`, async () => {
    const { requests, log, report } = await tracedScenario("many", {
      args: [`${REQUESTS}`, `${connections}`, `${5 * MIB}`],
      options: { ringBytes: RING_BYTES },
    });
    assert.equal(log.length, REQUESTS);
    const bodyBytes = log.reduce(
      (sum, [, , , requestBytes, responseBytes]) => sum + requestBytes + (responseBytes ?? 0),
      0,
    );
    assert.ok(2 * bodyBytes < RING_BYTES / 2 && log.some(([, , , , bytes]) => bytes !== null && bytes > 3 * MIB));
    for (const side of ["server", "client"] as const) {
      const ours = sideOf(requests, side);
      assert.deepEqual(multisetDifference(ours.map(logged), log), []);
      assert.ok(ours.every(({ outcome, durationNs }) => outcome === "complete" && durationNs !== undefined));
      assert.equal(new Set(ours.map(({ local, peer }) => `${local?.port} ${peer?.port}`)).size, connections);
    }
    nothingMissing(report);
  });
}

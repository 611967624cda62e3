import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestTracer } from "../request-tracer.ts";
import { identityFolder, nodeProgram } from "./testing/traced-tls.ts";

/** More than there are processors in a guest, so that they interrupt one another wherever they are: in our programs, too. */
const PROCESSES = 4;
/** In a guest with Linux 7.2, programs on private stacks made the kernel fail within this time. */
const DURATION_MS = process.env["SKEP_EMULATED"] === undefined ? 3_000 : 30_000;

test("processes that interrupt one another in the programs have each of their requests told once", async () => {
  const folder = identityFolder();
  await using processes = new AsyncDisposableStack();
  const all = Array.from({ length: PROCESSES }, () =>
    processes.use(nodeProgram("tls-to-itself.mjs", folder, String(DURATION_MS))),
  );
  await Promise.all(all.map(({ ready }) => ready));
  await using tracer = await RequestTracer.start({
    pids: all.map(({ pid }) => pid),
    // For all of them, if need be: 2 KiB for each request.
    ringBytes: 128 * 1024 * 1024,
    tls: { maxHitsPerSecond: Number.POSITIVE_INFINITY },
  });
  for (const each of all) each.release();
  const counts = await Promise.all(all.map(async (each) => Number(await each.lastLine)));
  tracer.stop();
  const { lost, incomplete } = await tracer.snapshot();
  assert.ok(counts.every((count) => count > 0));
  // Both ends are in the process.
  const made = 2 * counts.reduce((sum, count) => sum + count, 0);
  assert.deepEqual([tracer.seen, tracer.delivered.http], [made, made]);
  assert.deepEqual([lost.serverRingFull, lost.clientRingFull], [0, 0]);
  assert.deepEqual([incomplete.gaps, incomplete.framingLost, incomplete.malformedHeads], [0, 0, 0]);
  assert.deepEqual([tracer.tls()?.conflicts, tracer.tls()?.callsLost, tracer.tls()?.sessions], [0, 0, 2 * PROCESSES]);
});

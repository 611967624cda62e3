import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { Workload } from "../profiling/testing/workload.ts";
import { exactTest } from "../testing/exact-test.ts";
import type { HttpRequestEvent } from "./request-report.ts";
import type { RequestTracerOptions } from "./request-tracer-options.ts";
import { blockUntilExit, sideOf, type Traced, traced } from "./testing/traced-requests.ts";

const flood = compileFlood();

/** Compiles what floods: Node.js can't keep up with the rates that are wanted here. */
function compileFlood(): string {
  const folder = mkdtempSync(join(tmpdir(), "skep-flood-"));
  after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, "http-flood");
  const source = fileURLToPath(new URL("testing/http-flood.c", import.meta.url));
  execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-o", program, source]);
  return program;
}

interface Flood {
  readonly requests: number;
  readonly connections: number;
  /** A second; 0: as many as can be. */
  readonly rate: number;
  readonly options?: RequestTracerOptions;
  /** Nobody reads the ring meanwhile. */
  readonly unread?: boolean;
}

/** Floods, and says how fast. */
async function floodTraced(context: TestContext, { requests, connections, rate, ...how }: Flood): Promise<Traced> {
  await using server = new Workload(flood, ["serve"]);
  const args = ["ask", await server.ready, `${requests}`, `${connections}`, `${rate}`];
  await using client = new Workload(flood, args);
  await client.ready;
  const result = await traced({ pids: [server.pid, client.pid], ...how.options }, async () => {
    client.release();
    if (how.unread === true) blockUntilExit(client.pid);
    await client.lastLine;
  });
  const { answered, durationNs } = JSON.parse(await client.lastLine);
  assert.equal(answered, requests);
  const { serverRingFull, clientRingFull } = result.report.lost;
  context.diagnostic(
    `${Math.round(answered / (durationNs / 1e9))} requests/s, ${serverRingFull}/${clientRingFull} lost`,
  );
  return result;
}

/** Of `count` requests of the flood each is told once or counted as lost, by each side, and none has a status that is not its own. */
function assertEachToldOrLost({ requests, report }: Traced, count: number): void {
  const { serverRingFull, clientRingFull, ...otherLosses } = report.lost;
  assert.deepEqual(
    Object.entries(otherLosses).filter(([, lost]) => lost !== 0),
    [],
  );
  for (const [side, lost] of [
    ["server", serverRingFull],
    ["client", clientRingFull],
  ] as const) {
    const ours = sideOf(requests, side);
    assert.equal(ours.length + lost, count, `${side}: ${ours.length} told, ${lost} lost`);
    assert.equal(new Set(ours.map(({ path }) => path)).size, ours.length);
    assert.deepEqual(ours.filter(isWrong), []);
  }
}

/** What is not known may be absent. */
function isWrong({ method, path = "", status }: HttpRequestEvent): boolean {
  const [, ownStatus] = /^\/\d+\/(\d+)$/.exec(path) ?? [];
  return method !== "GET" || ownStatus === undefined || (status !== undefined && status !== Number(ownStatus));
}

exactTest("at 20,000 requests a second each is told or counted as lost", async (context) => {
  const requests = 60_000;
  assertEachToldOrLost(await floodTraced(context, { requests, connections: 32, rate: 20_000 }), requests);
});

exactTest("at as many requests as there can be each is told or counted as lost", async (context) => {
  const requests = 60_000;
  assertEachToldOrLost(await floodTraced(context, { requests, connections: 64, rate: 0 }), requests);
});

exactTest("where nobody reads, each request is told or counted as lost", async (context) => {
  const requests = 50_000;
  const result = await floodTraced(context, { requests, connections: 64, rate: 0, unread: true });
  assertEachToldOrLost(result, requests);
  assert.ok(result.report.lost.serverRingFull > 0 && result.report.lost.clientRingFull > 0);
});

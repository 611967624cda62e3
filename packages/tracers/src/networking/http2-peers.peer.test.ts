import assert from "node:assert/strict";
import { Workload } from "../profiling/testing/workload.ts";
import {
  exactTest,
  type LoggedRequest,
  logged,
  multisetDifference,
  program,
  sideOf,
  traced,
} from "./testing/traced-requests.ts";

/** Of h2load: connections of each run, and requests on each that are under way at once. */
const [CONNECTIONS, STREAMS, REQUESTS] = [5, 10, 500];
/** However late it is read: twice what both sides move, and nothing is left out of it. */
const RING_BYTES = 128 * 1024 * 1024;

/** Waits for a line before it starts. */
function h2load(port: string, ...args: readonly string[]): Workload {
  const paths = ["/size/0/200", "/size/100/404", "/size/70000/201", "/size/3/500"];
  const urls = paths.map((path) => `http://127.0.0.1:${port}${path}`);
  const all = [`-n${REQUESTS}`, `-c${CONNECTIONS}`, `-m${STREAMS}`, ...args, ...urls];
  return new Workload("/bin/sh", ["-c", 'echo ready; read -r _; exec h2load "$@"', "sh", ...all]);
}

exactTest("h2load's requests are told by both sides, on connections that were there before, too", async () => {
  const held = CONNECTIONS * STREAMS;
  await using server = program("http2-server.mjs", `${held}`);
  const port = await server.ready;
  await using early = h2load(port);
  await using late = h2load(port, "--data", import.meta.filename);
  await Promise.all([early.ready, late.ready]);
  early.release();
  assert.equal(await server.nextLine(), "held");
  const options = { pids: [server.pid, early.pid, late.pid], ringBytes: RING_BYTES };
  const { requests, report } = await traced(options, async () => {
    server.release();
    late.release();
    await Promise.all([early.lastLine, late.lastLine]);
    server.release();
    await server.lastLine;
  });
  const log: LoggedRequest[] = JSON.parse(await server.lastLine);
  assert.equal(log.length, 2 * REQUESTS - held);
  for (const side of ["server", "client"] as const) {
    assert.deepEqual(multisetDifference(sideOf(requests, side).map(logged), log), []);
  }
  assert.ok(requests.every(({ protocol, outcome }) => protocol === "h2" && outcome === "complete"));
  // To the requests that were under way, of both sides.
  assert.equal(report.incomplete.unpairedResponses, 2 * held);
});

/** As grpc.mjs prints it. */
type Call = readonly [method: string, status: number | null, isEarly: boolean, port: number];

exactTest("calls of gRPC are told by both sides, and of what is not known nothing", async () => {
  await using server = program("grpc.mjs", "serve");
  await using client = program("grpc.mjs", "ask", await server.ready);
  await client.ready;
  const { requests } = await traced({ pids: [server.pid, client.pid] }, async () => {
    client.release();
    await client.lastLine;
  });
  const calls: Call[] = JSON.parse(await client.lastLine);
  assert.equal(calls.length, 100);
  assert.equal(new Set(calls.map(([, , , port]) => port)).size, 10);
  for (const side of ["server", "client"] as const) {
    const ours = sideOf(requests, side);
    assert.equal(ours.length, calls.length);
    for (const [method, status, isEarly, port] of calls) {
      // HTTP/2 of Node.js names each path in full.
      const [call, ...others] = ours.filter(({ path }) => path === `/${method}`);
      assert.ok(call !== undefined && others.length === 0, `${side} ${method}: ${others.length}`);
      const what = `${side} ${method} ${status} ${isEarly ? "early" : "late"}`;
      assert.equal((side === "server" ? call.peer : call.local)?.port, port, what);
      assert.equal(call.method, "POST", what);
      assert.equal(call.status, 200, what);
      assert.equal(call.outcome, status === null ? "aborted" : "complete", what);
      // On such a connection content-type and grpc-status go by the numbers that they got before.
      if (!isEarly || call.protocol !== "h2") assert.equal(call.protocol, "grpc", what);
      if (!isEarly || call.grpcMethod !== undefined) assert.equal(call.grpcMethod, method, what);
      if (!isEarly || call.grpcStatus !== undefined) assert.equal(call.grpcStatus ?? null, status, what);
    }
  }
});

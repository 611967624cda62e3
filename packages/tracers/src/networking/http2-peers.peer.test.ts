import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { promisify } from "node:util";
import { Workload } from "../profiling/testing/workload.ts";
import { exactTest } from "../testing/exact-test.ts";
import { type LoggedRequest, logged, multisetDifference, program, sideOf, traced } from "./testing/traced-requests.ts";

const run = promisify(execFile);

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

exactTest("curl's connection is followed from HTTP/1.1 to HTTP/2, on both sides", async () => {
  await using server = program("http-server.mjs");
  const port = await freePort();
  const ends = [`--frontend=127.0.0.1,${port};no-tls`, `--backend=127.0.0.1,${await server.ready}`];
  await using proxy = new Workload("nghttpx", [
    "--single-process",
    "--workers=1",
    "--conf=/dev/null",
    "--log-level=FATAL",
    ...ends,
  ]);
  const paths = ["/size/10/200/a", "/size/70000/404/b", "/chunked/5/503/c"];
  const curl = ["--silent", "--http2", "--output", "/dev/null", "--write-out", "%{http_version} %{http_code}\\n"];
  // Once it answers.
  await run("curl", [...curl, "--retry", "100", "--retry-connrefused", "--retry-delay", "1", `127.0.0.1:${port}`]);
  const urls = paths.flatMap((path) => ["--output", "/dev/null", `http://127.0.0.1:${port}${path}`]);
  const script = 'echo ready; read -r _; exec curl "$@"';
  await using client = new Workload("/bin/sh", ["-c", script, "sh", ...curl.slice(0, 2), ...curl.slice(4), ...urls]);
  await client.ready;
  const { requests } = await traced({ pids: [client.pid, proxy.pid] }, async () => {
    client.release();
    assert.equal(await client.lastLine, "2 503");
  });
  // The proxy's own requests go by HTTP/1.1.
  const ours = requests.filter(({ protocol }) => protocol === "h2");
  for (const side of ["server", "client"] as const) {
    assert.deepEqual(sideOf(ours, side).map(logged), [
      ["GET", paths[0], 200, 0, 10],
      ["GET", paths[1], 404, 0, 70_000],
      ["GET", paths[2], 503, 0, 5],
    ]);
  }
  assert.equal(requests.length, 9);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

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

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Pipeline } from "../pipeline/pipeline.ts";
import type { Problem } from "../pipeline/problem.ts";
import type { Round } from "../pipeline/round.ts";
import { sumOf } from "../pipeline/running-tracer.ts";
import { Telemetry } from "./telemetry.ts";
import { attribute, OtlpReceiver, pointsOf, spansOf, sumOfPoints } from "./testing/otlp-receiver.ts";

/** Rounds come when the test asks for them. */
const NEVER_MS = 2 ** 31 - 1;
const SERVICE = "skep-network-workload";

class Workload implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  port = 0;

  private constructor() {
    const script = fileURLToPath(new URL("testing/network-workload.mjs", import.meta.url));
    this.#child = spawn(process.execPath, [script], {
      env: { OTEL_SERVICE_NAME: SERVICE },
      stdio: ["pipe", "pipe", "inherit"],
    });
    assert.ok(this.#child.stdout);
    this.#lines = createInterface(this.#child.stdout);
  }

  static async start(): Promise<Workload> {
    const workload = new Workload();
    const [line] = await once(workload.#lines, "line");
    workload.port = Number(line);
    return workload;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async send(method: string, path: string, count: number): Promise<void> {
    const done = once(this.#lines, "line");
    this.#child.stdin?.write(`${method} ${path} ${count}\n`);
    await done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "close");
  }
}

/** What the workload is told to send, and what is to be seen of it: `METHOD route status`. */
const SENT = [
  { method: "GET", path: "/users/#", count: 120, route: "/users/{id}", status: 200 },
  { method: "POST", path: "/fail/now", count: 30, route: "/fail/now", status: 503 },
  { method: "GET", path: "/missing", count: 20, route: "/missing", status: 404 },
  { method: "DELETE", path: "/traced", count: 7, route: "/traced", status: 200 },
] as const;

const EXPECTED = Object.fromEntries(
  SENT.map(({ method, route, status, count }) => [`${method} ${route} ${status}`, count]),
);
const ALL = sumOf(EXPECTED);

test("requests: what the client sent, the rounds, spans, metrics and the text for Prometheus are of one number", async () => {
  await using receiver = await OtlpReceiver.start();
  await using workload = await Workload.start();
  const problems: Problem[] = [];
  const onProblem = (problem: Problem) => problems.push(problem);
  await using telemetry = await Telemetry.open({
    version: "1.0",
    senders: { metrics: receiver.sender("v1/metrics"), traces: receiver.sender("v1/traces") },
    onProblem,
  });
  await using pipeline = await Pipeline.start({
    tracers: {
      network: { pids: [workload.pid], requests: { byServer: true }, packets: { flows: false }, singleRequests: 1000 },
    },
    firstRoundMs: NEVER_MS,
    exporters: () => telemetry.exporterStates,
    onProblem,
  });
  const rounds: Round[] = [];
  pipeline.addReader({ name: "the test", read: (round) => rounds.push(round) });
  pipeline.addReader(telemetry);
  assert.equal(pipeline.tracers.find(({ name }) => name === "network")?.state, "on");

  const [first, ...others] = SENT;
  await workload.send(first.method, first.path, first.count);
  await pipeline.takeRound();
  for (const { method, path, count } of others) await workload.send(method, path, count);
  await pipeline[Symbol.asyncDispose]();
  await telemetry[Symbol.asyncDispose]();
  assert.deepEqual(problems, []);
  assert.equal(rounds.length, 2);

  // The rounds: added up, and one by one.
  const rows = rounds.flatMap(({ network }) => network?.report.requests?.requests ?? []);
  for (const side of ["server", "client"] as const) {
    const counts: Record<string, number> = {};
    for (const row of rows.filter((row) => row.side === side)) {
      const key = `${row.method} ${row.route} ${row.status}`;
      counts[key] = (counts[key] ?? 0) + row.requests;
    }
    assert.deepEqual(counts, EXPECTED, side);
  }
  const single = rounds.flatMap(({ network }) => network?.requests ?? []);
  assert.equal(single.length, 2 * ALL);
  assert.ok(rounds.every(({ network }) => network?.requestsLeftOut === 0));

  // OTLP spans.
  const spans = spansOf(receiver.traces, SERVICE);
  assert.equal(spans.length, 2 * ALL);
  const SPAN_KINDS = [
    [2, "server"],
    [3, "client"],
  ] as const;
  for (const [kind, side] of SPAN_KINDS) {
    const counts: Record<string, number> = {};
    for (const span of spans.filter((span) => span.kind === kind)) {
      const key = `${span.name} ${attribute(span, "http.response.status_code")}`;
      counts[key] = (counts[key] ?? 0) + 1;
      const failed = ["503", ...(side === "client" ? ["404"] : [])];
      const isError = failed.includes(attribute(span, "http.response.status_code") ?? "");
      assert.equal(span.status?.code === 2, isError, key);
      assert.ok(BigInt(span.endTimeUnixNano) > BigInt(span.startTimeUnixNano));
    }
    assert.deepEqual(counts, EXPECTED, side);
  }
  const traced = spans.filter(({ name }) => name === "DELETE /traced");
  assert.ok(traced.every(({ traceId }) => traceId === "0af7651916cd43dd8448eb211c80319c"));
  assert.ok(traced.every(({ parentSpanId }) => parentSpanId === "b7ad6b7169203331"));
  assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, spans.length);

  // OTLP metrics, and the text.
  const text = Array.from(telemetry.prometheusText()).join("");
  for (const side of ["server", "client"] as const) {
    const points = pointsOf(receiver.metrics, `http.${side}.request.duration`, SERVICE);
    assert.equal(sumOfPoints(points), ALL);
    const failures = points.filter((point) => attribute(point, "error.type") === "503");
    assert.equal(sumOfPoints(failures), 30);
    const counts = [...text.matchAll(new RegExp(`^http_${side}_request_duration_seconds_count\\{.*\\} (\\d+)$`, "gm"))];
    assert.equal(
      counts.reduce((sum, [, count]) => sum + Number(count), 0),
      ALL,
    );
  }
  const ofUsers = pointsOf(receiver.metrics, "http.server.request.duration", SERVICE).filter(
    (point) => attribute(point, "http.route") === "/users/{id}",
  );
  assert.equal(sumOfPoints(ofUsers), 120);
  const ports = pointsOf(receiver.metrics, "http.client.request.duration", SERVICE).map((point) => [
    attribute(point, "server.address"),
    attribute(point, "server.port"),
  ]);
  assert.deepEqual(ports[0], ["127.0.0.1", String(workload.port)]);
  // One connection, which was made and accepted.
  const opened = pointsOf(receiver.metrics, "linux.connection.opened", SERVICE);
  const tcp = opened.filter((point) => attribute(point, "network.transport") === "tcp");
  assert.equal(sumOfPoints(tcp), 2);
  const loopback = pointsOf(receiver.metrics, "system.network.packet.count").filter(
    (point) => attribute(point, "system.device") === "lo",
  );
  assert.ok(sumOfPoints(loopback) >= 2 * ALL);

  // The tracer's own account.
  const [account] = rounds.at(-1)?.self.tracers ?? [];
  assert.ok(account);
  assert.equal(account.seen, account.delivered + sumOf(account.lost));
  assert.equal(sumOf(account.lost), 0);
  for (const { signal, lostItems, waitingItems } of telemetry.exporterStates) {
    assert.deepEqual([sumOf(lostItems), waitingItems], [0, 0], signal);
  }
});

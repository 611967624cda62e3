import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { OtlpError } from "../errors.ts";
import { namesIn } from "../testing/decode.ts";
import { type GrpcAnswer, GrpcReceiver } from "../testing/grpc-receiver.ts";
import { OK as HTTP_OK, HttpReceiver } from "../testing/http-receiver.ts";
import { InstantClock } from "../testing/instant-clock.ts";
import { encodePublished, partialSuccess, statusWithRetryInfo } from "../testing/messages.ts";
import { assertBalanced, spansNamed } from "../testing/spans.ts";
import { traces } from "../traces/index.ts";
import { type ExporterSettings, OtlpExporter } from "./index.ts";

const OK: GrpcAnswer = { status: 0, body: new Uint8Array() };

async function open(endpoint: string, settings: ExporterSettings = {}) {
  const problems: OtlpError[] = [];
  const clock = new InstantClock();
  const exporter = await OtlpExporter.open(traces, {
    endpoint,
    protocol: "grpc",
    clock,
    onProblem: (problem) => problems.push(problem),
    ...settings,
  });
  return { exporter, problems, clock };
}

async function sendAll(exporter: OtlpExporter<never>): Promise<void> {
  while (exporter.counts().waiting > 0) await setTimeout(1);
  assertBalanced(exporter.counts());
}

for (const compression of ["none", "gzip"] as const) {
  test(`compression ${compression}: a call says what it is, and arrives whole`, async () => {
    await using receiver = await GrpcReceiver.start(() => OK);
    const headers = { Authorization: "Bearer 1234" };
    const { exporter } = await open(receiver.endpoint, { compression, headers, timeoutMs: 10_000 });
    await using _ = exporter;
    exporter.export(spansNamed("one", "two"));
    exporter.export(spansNamed("three"));
    await sendAll(exporter);
    assert.deepEqual(
      receiver.calls.map(({ body }) => namesIn(body)),
      [["one", "two"], ["three"]],
    );
    const sent = receiver.calls[0]?.headers;
    assert.equal(sent?.[":method"], "POST");
    assert.equal(sent?.[":path"], "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    assert.equal(sent?.["content-type"], "application/grpc");
    assert.equal(sent?.["te"], "trailers");
    assert.equal(sent?.["grpc-timeout"], "10000m");
    assert.equal(sent?.authorization, "Bearer 1234");
    assert.equal(sent?.["user-agent"], "OTel-OTLP-Exporter-Skep/0.1.0");
    assert.equal(receiver.sessionCount, 1, "the connection is kept");
    assert.equal(exporter.counts().delivered, 3);
  });
}

const details = (bytes: Uint8Array) => ({ "grpc-status-details-bin": Buffer.from(bytes).toString("base64") });

const passing: readonly (readonly [name: string, answer: GrpcAnswer, problem: RegExp])[] = [
  ["CANCELLED", { status: 1 }, /: gRPC status CANCELLED$/],
  ["DEADLINE_EXCEEDED", { status: 4 }, /: gRPC status DEADLINE_EXCEEDED$/],
  ["ABORTED", { status: 10 }, /: gRPC status ABORTED$/],
  ["OUT_OF_RANGE", { status: 11 }, /: gRPC status OUT_OF_RANGE$/],
  [
    "UNAVAILABLE, said in trailers alone",
    { status: 14, trailers: { "grpc-message": "try%20later%3A %E2%9C%93" } },
    /: gRPC status UNAVAILABLE: try later: ✓$/,
  ],
  [
    "UNAVAILABLE, said in trailers after a message",
    { status: 14, body: new Uint8Array() },
    /: gRPC status UNAVAILABLE$/,
  ],
  ["DATA_LOSS", { status: 15 }, /: gRPC status DATA_LOSS$/],
  ["a proxy's 503", { httpStatus: 503 }, /: gRPC status UNAVAILABLE$/],
  ["a reset stream", "reset", /HTTP\/2 error|INTERNAL_ERROR/],
  ["a lost connection", "disconnect", /HTTP\/2 error/],
  ["silence", "hang", /: no answer within 500 ms$/],
];
for (const [name, answer, problem] of passing) {
  test(`after ${name} the batch is sent again, and delivered once`, async () => {
    await using receiver = await GrpcReceiver.start((_, count) => (count <= 2 ? answer : OK));
    const { exporter, problems, clock } = await open(receiver.endpoint, {
      timeoutMs: answer === "hang" ? 500 : 60_000,
    });
    await using _ = exporter;
    exporter.export(spansNamed("one", "two"));
    await sendAll(exporter);
    const { delivered, tries, failedTries } = exporter.counts();
    assert.deepEqual({ delivered, tries, failedTries }, { delivered: 2, tries: 3, failedTries: 2 });
    assert.equal(problems.length, 1, `the same problem is told once: ${problems}`);
    assert.match(problems[0]?.message ?? "", problem);
    const [first = 0, second = 0, ...others] = clock.waitsMs;
    assert.ok(first > 500 && first <= 1_000 && second > 1_000 && second <= 2_000, `${clock.waitsMs}`);
    assert.deepEqual(others, []);
  });
}

test("RetryInfo is obeyed, and makes RESOURCE_EXHAUSTED one to retry", async () => {
  const status = details(statusWithRetryInfo("slow down", 3, 500_000_000));
  await using receiver = await GrpcReceiver.start((_, count) => {
    if (count === 1) return { status: 14, trailers: status };
    return count === 2 ? { status: 8, trailers: status } : OK;
  });
  const { exporter, problems, clock } = await open(receiver.endpoint);
  await using _ = exporter;
  exporter.export(spansNamed("one"));
  await sendAll(exporter);
  assert.deepEqual(clock.waitsMs, [3_500, 3_500]);
  assert.deepEqual(
    problems.map(({ message }) => message.replace(/^.*: gRPC/, "gRPC")),
    ["gRPC status UNAVAILABLE: slow down", "gRPC status RESOURCE_EXHAUSTED: slow down"],
  );
  assert.equal(exporter.counts().delivered, 1);
});

const final: readonly (readonly [name: string, answer: GrpcAnswer, problem: RegExp])[] = [
  [
    "INVALID_ARGUMENT",
    { status: 3, trailers: { "grpc-message": "bad span" } },
    /: gRPC status INVALID_ARGUMENT: bad span$/,
  ],
  ["RESOURCE_EXHAUSTED without RetryInfo", { status: 8 }, /: gRPC status RESOURCE_EXHAUSTED$/],
  [
    "RESOURCE_EXHAUSTED with other details",
    { status: 8, trailers: details(encodePublished("RpcStatus", { code: 8, message: "too large" })) },
    /: gRPC status RESOURCE_EXHAUSTED: too large$/,
  ],
  [
    "RESOURCE_EXHAUSTED with nonsense",
    { status: 8, trailers: { "grpc-status-details-bin": "CgE=" } },
    /RESOURCE_EXHAUSTED$/,
  ],
  ["UNIMPLEMENTED", { status: 12 }, /: gRPC status UNIMPLEMENTED$/],
  ["UNAUTHENTICATED", { status: 16 }, /: gRPC status UNAUTHENTICATED$/],
  ["a code that is none", { status: 77 }, /: gRPC status UNKNOWN$/],
  [
    "a message that cannot be decoded",
    { status: 13, trailers: { "grpc-message": "100%" } },
    /: gRPC status INTERNAL: 100%$/,
  ],
  ["a proxy's 403", { httpStatus: 403 }, /: gRPC status PERMISSION_DENIED$/],
];
for (const [name, answer, problem] of final) {
  test(`after ${name} the batch is given up, and the next one goes on`, async () => {
    await using receiver = await GrpcReceiver.start((_, count) => (count === 1 ? answer : OK));
    const { exporter, problems } = await open(receiver.endpoint);
    await using _ = exporter;
    exporter.export(spansNamed("one", "two"));
    exporter.export(spansNamed("three"));
    await sendAll(exporter);
    const { delivered, dropped, tries } = exporter.counts();
    assert.deepEqual([delivered, dropped.refused, tries], [1, 2, 2]);
    assert.equal(problems[0]?.code, "refused");
    assert.match(problems[0]?.message ?? "", problem);
  });
}

test("partial success is counted, and not sent again", async () => {
  await using receiver = await GrpcReceiver.start(() => ({ status: 0, body: partialSuccess(2, "too old") }));
  const { exporter, problems } = await open(receiver.endpoint);
  await using _ = exporter;
  exporter.export(spansNamed("one", "two", "three"));
  await sendAll(exporter);
  const { delivered, rejected, tries } = exporter.counts();
  assert.deepEqual([delivered, rejected, tries], [1, 2, 1]);
  assert.deepEqual(
    problems.map(({ code, message }) => [code, message]),
    [["partial-success", "the receiver rejected 2 of 3 spans: too old"]],
  );
});

test("an answer without end is not read to it", async () => {
  await using receiver = await GrpcReceiver.start((_, count) =>
    count === 1 ? { status: 0, body: new Uint8Array(1_000_000) } : OK,
  );
  const { exporter, problems } = await open(receiver.endpoint);
  await using _ = exporter;
  exporter.export(spansNamed("one"));
  await sendAll(exporter);
  assert.match(problems[0]?.message ?? "", /: the answer is too long for one$/);
});

test("a receiver that goes away is connected to anew, at no cost of a try", async () => {
  await using receiver = await GrpcReceiver.start(() => OK);
  const { exporter } = await open(receiver.endpoint);
  await using _ = exporter;
  exporter.export(spansNamed("one"));
  await sendAll(exporter);
  for (const session of receiver.sessions) session.close();
  while (receiver.sessions.size > 0) await setTimeout(1);
  exporter.export(spansNamed("two"));
  await sendAll(exporter);
  const { delivered, failedTries } = exporter.counts();
  assert.deepEqual([delivered, failedTries, receiver.sessionCount], [2, 0, 2]);
});

test("a port that speaks HTTP/1.1 is a connection that fails, and says so", async () => {
  await using receiver = await HttpReceiver.start(() => HTTP_OK);
  const { exporter, problems } = await open(`http://127.0.0.1:${receiver.port}`, { shutdownTimeoutMs: 0 });
  await using _ = exporter;
  exporter.export(spansNamed("one"));
  while (problems.length === 0) await setTimeout(1);
  assert.equal(problems[0]?.code, "connection");
  assert.equal(problems[0]?.hint, "does the receiver speak gRPC there? collectors take it on port 4317");
});

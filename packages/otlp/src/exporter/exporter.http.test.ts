import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { OtlpError } from "../errors.ts";
import { namesIn } from "../testing/decode.ts";
import { type HttpAnswer, HttpReceiver, type HttpResponse, OK } from "../testing/http-receiver.ts";
import { InstantClock } from "../testing/instant-clock.ts";
import { encodePublished, partialSuccess } from "../testing/messages.ts";
import { assertBalanced, spansNamed } from "../testing/spans.ts";
import { traces } from "../traces/index.ts";
import { type ExporterSettings, OtlpExporter } from "./index.ts";

const LONG_MS = 60_000;

/** An exporter on a clock that does not wait; its problems are in the list. */
async function open(receiver: HttpReceiver, settings: ExporterSettings = {}) {
  const problems: OtlpError[] = [];
  const clock = new InstantClock();
  const exporter = await OtlpExporter.open(traces, {
    endpoint: receiver.endpoint(),
    clock,
    onProblem: (problem) => problems.push(problem),
    ...settings,
  });
  return { exporter, problems, clock };
}

/** Sends until nothing waits; on the instant clock a deadline would come at once. */
async function sendAll(exporter: OtlpExporter<never>): Promise<void> {
  while (exporter.counts().waiting > 0) await setTimeout(1);
  assertBalanced(exporter.counts());
}

for (const protocol of ["http/protobuf", "http/json"] as const) {
  for (const compression of ["none", "gzip"] as const) {
    test(`${protocol}, compression ${compression}: a request says what it is, and arrives whole`, async () => {
      await using receiver = await HttpReceiver.start(() => OK);
      const headers = { authorization: "Bearer 1234" };
      const { exporter } = await open(receiver, { protocol, compression, headers, userAgent: "skep/0.1.0" });
      await using _ = exporter;
      exporter.export(spansNamed("one", "two"));
      exporter.export(spansNamed("three"));
      await sendAll(exporter);

      const [first, second] = receiver.requests;
      assert.ok(first && second);
      const encoding = protocol === "http/json" ? "json" : "protobuf";
      assert.deepEqual(namesIn(first.body, encoding), ["one", "two"]);
      assert.deepEqual(namesIn(second.body, encoding), ["three"]);
      assert.equal(first.method, "POST");
      assert.equal(first.path, "/v1/traces");
      assert.equal(first.headers["content-type"], encoding === "json" ? "application/json" : "application/x-protobuf");
      assert.equal(first.headers["content-encoding"], compression === "gzip" ? "gzip" : undefined);
      assert.equal(first.headers.authorization, "Bearer 1234");
      assert.equal(first.headers["user-agent"], "skep/0.1.0 OTel-OTLP-Exporter-Skep/0.1.0");
      assert.equal(receiver.connectionCount, 1, "the connection is kept");
      const { enqueued, delivered, tries, failedTries } = exporter.counts();
      assert.deepEqual(
        { enqueued, delivered, tries, failedTries },
        { enqueued: 3, delivered: 3, tries: 2, failedTries: 0 },
      );
    });
  }
}

const passing: readonly (readonly [name: string, answer: HttpAnswer, problem: RegExp])[] = [
  ["429", { status: 429 }, /: HTTP status 429$/],
  ["502", { status: 502, headers: { "content-type": "text/html" }, body: "<html>" }, /: HTTP status 502$/],
  ["503 with a reason", { status: 503, ...json({ code: 14, message: "busy" }) }, /: HTTP status 503: busy$/],
  ["504", { status: 504 }, /: HTTP status 504$/],
  ["a broken connection", "reset", /ECONNRESET|socket hang up/],
  ["silence", "hang", /: no answer within 500 ms$/],
];
for (const [name, answer, problem] of passing) {
  test(`after ${name} the batch is sent again, and delivered once`, async () => {
    await using receiver = await HttpReceiver.start((_, count) => (count <= 2 ? answer : OK));
    const { exporter, problems, clock } = await open(receiver, { timeoutMs: answer === "hang" ? 500 : LONG_MS });
    await using _ = exporter;
    exporter.export(spansNamed("one", "two"));
    await sendAll(exporter);
    assert.deepEqual(
      receiver.requests.map(({ body }) => namesIn(body)),
      [
        ["one", "two"],
        ["one", "two"],
        ["one", "two"],
      ],
    );
    const { delivered, tries, failedTries } = exporter.counts();
    assert.deepEqual({ delivered, tries, failedTries }, { delivered: 2, tries: 3, failedTries: 2 });
    assert.equal(problems.length, 1, "the same problem is told once");
    assert.match(problems[0]?.message ?? "", problem);
    // Two intervals, the second twice the first, of which chance takes up to half.
    const [first = 0, second = 0, ...others] = clock.waitsMs;
    assert.ok(first > 500 && first <= 1_000 && second > 1_000 && second <= 2_000, `${clock.waitsMs}`);
    assert.deepEqual(others, []);
  });
}

test("Retry-After is obeyed, in seconds and as a date", async () => {
  const clock = new InstantClock();
  const inAMinute = () => new Date(clock.nowMs() + 60_000).toUTCString();
  await using receiver = await HttpReceiver.start((_, count) => {
    if (count === 1) return { status: 429, headers: { "retry-after": "7" } };
    if (count === 2) return { status: 503, headers: { "retry-after": inAMinute() } };
    return count === 3 ? { status: 503, headers: { "retry-after": "99999999" } } : OK;
  });
  const { exporter } = await open(receiver, { clock });
  await using _ = exporter;
  exporter.export(spansNamed("one"));
  await sendAll(exporter);
  const [seconds, date, beyondReason] = clock.waitsMs;
  assert.equal(seconds, 7_000);
  assert.equal(date, 60_000);
  assert.equal(beyondReason, 3_600_000);
  assert.equal(exporter.counts().delivered, 1);
});

const final: readonly (readonly [name: string, answer: HttpAnswer, problem: RegExp, hint: RegExp | undefined])[] = [
  [
    "400 in JSON",
    { status: 400, ...json({ code: 3, message: "bad span" }) },
    /: HTTP status 400: bad span$/,
    undefined,
  ],
  [
    "400 in protobuf",
    {
      status: 400,
      headers: { "content-type": "application/x-protobuf" },
      body: encodePublished("RpcStatus", { code: 3, message: "bad span" }),
    },
    /: HTTP status 400: bad span$/,
    undefined,
  ],
  ["401", { status: 401 }, /: HTTP status 401$/, /OTEL_EXPORTER_OTLP_HEADERS/],
  ["404", { status: 404 }, /: HTTP status 404$/, /path/],
  ["408", { status: 408 }, /: HTTP status 408$/, undefined],
  ["500", { status: 500 }, /: HTTP status 500$/, undefined],
  ["501", { status: 501 }, /: HTTP status 501$/, undefined],
];
for (const [name, answer, problem, hint] of final) {
  test(`after ${name} the batch is given up, and the next one goes on`, async () => {
    await using receiver = await HttpReceiver.start((_, count) => (count === 1 ? answer : OK));
    const { exporter, problems } = await open(receiver);
    await using _ = exporter;
    exporter.export(spansNamed("one", "two"));
    exporter.export(spansNamed("three"));
    await sendAll(exporter);
    const { delivered, dropped, tries } = exporter.counts();
    assert.deepEqual([delivered, dropped.refused, tries], [1, 2, 2]);
    assert.equal(problems[0]?.code, "refused");
    assert.match(problems[0]?.message ?? "", problem);
    if (hint === undefined) assert.equal(problems[0]?.hint, undefined);
    else assert.match(problems[0]?.hint ?? "", hint);
  });
}

test("a redirect is not followed", async () => {
  await using elsewhere = await HttpReceiver.start(() => OK);
  const location = elsewhere.endpoint();
  await using receiver = await HttpReceiver.start(() => ({ status: 307, headers: { location } }));
  const { exporter, problems } = await open(receiver);
  await using _ = exporter;
  exporter.export(spansNamed("one"));
  await sendAll(exporter);
  assert.equal(elsewhere.requests.length, 0);
  assert.equal(exporter.counts().dropped.refused, 1);
  assert.equal(problems[0]?.hint, `redirects are not followed; if it has moved, set the endpoint to ${location}`);
});

const partial: readonly (readonly [
  name: string,
  answer: HttpResponse,
  rejected: number,
  problem: string | undefined,
])[] = [
  ["protobuf", { ...OK, body: partialSuccess(1, "too old") }, 1, "the receiver rejected 1 of 3 spans: too old"],
  [
    "JSON",
    { status: 200, ...json({ partialSuccess: { rejectedSpans: "2", errorMessage: "too old" } }) },
    2,
    "the receiver rejected 2 of 3 spans: too old",
  ],
  ["a warning", { ...OK, body: partialSuccess(0, "deprecated") }, 0, "the receiver rejected 0 of 3 spans: deprecated"],
  [
    "more than there were",
    { ...OK, body: partialSuccess(1_000_000, "") },
    3,
    "the receiver rejected 3 of 3 spans: it did not say why",
  ],
  ["fewer than none", { ...OK, body: partialSuccess(-5, "") }, 0, undefined],
  [
    "an empty message",
    { ...OK, body: encodePublished("ExportTraceServiceResponse", { partialSuccess: {} }) },
    0,
    undefined,
  ],
  ["JSON without it", { status: 200, ...json({}) }, 0, undefined],
  ["202", { status: 202 }, 0, undefined],
  [
    "nonsense",
    { ...OK, body: Uint8Array.of(0x0a, 0x7f, 1) },
    0,
    "the receiver's answer cannot be read: the receiver's answer is no protobuf message: it ends within a field",
  ],
  ["an endless answer", { ...OK, body: Buffer.alloc(1_000_000, 0x0a) }, 0, undefined],
];
for (const [name, answer, rejected, problem] of partial) {
  test(`a batch that is taken with ${name}: ${rejected} rejected, none sent again`, async () => {
    await using receiver = await HttpReceiver.start(() => answer);
    const { exporter, problems } = await open(receiver);
    await using _ = exporter;
    exporter.export(spansNamed("one", "two", "three"));
    await sendAll(exporter);
    const { delivered, rejected: counted, tries } = exporter.counts();
    assert.deepEqual([delivered, counted, tries], [3 - rejected, rejected, 1]);
    assert.deepEqual(
      problems.map(({ message }) => message),
      problem === undefined ? [] : [problem],
    );
  });
}

test("a connection that was closed while idle costs no try", async () => {
  await using receiver = await HttpReceiver.start(() => OK);
  const { exporter } = await open(receiver);
  await using _ = exporter;
  exporter.export(spansNamed("one"));
  await sendAll(exporter);
  // The close may reach us before or after the next request is written: neither must be a failure.
  receiver.server.closeIdleConnections();
  exporter.export(spansNamed("two"));
  await sendAll(exporter);
  const { delivered, failedTries } = exporter.counts();
  assert.deepEqual([delivered, failedTries], [2, 0]);
});

test("what waits while the receiver is down is delivered once, in its order, when it is back", async () => {
  let port: number;
  {
    await using gone = await HttpReceiver.start(() => OK);
    port = gone.port;
  }
  const problems: OtlpError[] = [];
  await using exporter = await OtlpExporter.open(traces, {
    endpoint: `http://127.0.0.1:${port}/v1/traces`,
    retry: { initialDelayMs: 5, maxDelayMs: 5 },
    onProblem: (problem) => problems.push(problem),
  });
  const names = Array.from({ length: 200 }, (_, index) => `span ${index}`);
  for (const name of names) exporter.export(spansNamed(name));
  assert.equal(await exporter.flush(50), false, "nothing can be delivered yet");
  assertBalanced(exporter.counts());
  assert.equal(exporter.counts().waiting, 200);
  assert.equal(problems[0]?.code, "connection");
  assert.match(problems[0]?.message ?? "", /ECONNREFUSED/);
  assert.match(problems[0]?.hint ?? "", /is a receiver listening there/);

  await using receiver = await HttpReceiver.start(() => OK, { port });
  assert.equal(await exporter.flush(LONG_MS), true);
  assert.deepEqual(
    receiver.requests.flatMap(({ body }) => namesIn(body)),
    names,
  );
  const { delivered, waiting, memoryBytes } = exporter.counts();
  assert.deepEqual([delivered, waiting, memoryBytes], [200, 0, 0]);
});

function json(value: unknown) {
  return { headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

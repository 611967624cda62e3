/** What an exporter keeps, drops and counts while its receiver misbehaves. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import { OtlpError } from "../errors.ts";
import { namesIn } from "../testing/decode.ts";
import { type HttpAnswer, HttpReceiver, OK } from "../testing/http-receiver.ts";
import { InstantClock } from "../testing/instant-clock.ts";
import { partialSuccess } from "../testing/messages.ts";
import { assertBalanced, spansNamed } from "../testing/spans.ts";
import { encodeTraces, traces } from "../traces/index.ts";
import { OtlpExporter } from "./index.ts";

const LONG_MS = 60_000;
/** Nobody listens there: the port is reserved. */
const NOWHERE = "http://127.0.0.1:1/v1/traces";
const retry = { initialDelayMs: 5, maxDelayMs: 5 };

test("beyond its bounds the queue drops the oldest, counts them, and delivers the rest", async () => {
  let open = false;
  await using receiver = await HttpReceiver.start(() => (open ? OK : { status: 503 }));
  await using exporter = await OtlpExporter.open(traces, {
    endpoint: receiver.endpoint(),
    retry,
    queue: { maxBatches: 10 },
  });
  // The first one is being sent by then, and is not dropped.
  exporter.export(spansNamed("first"));
  while (receiver.requests.length === 0) await setTimeout(1);
  for (let index = 0; index < 100; index++) {
    exporter.export(spansNamed(`${index}a`, `${index}b`));
    assertBalanced(exporter.counts());
    assert.ok(exporter.counts().waitingBatches <= 10);
  }
  const { waiting, dropped } = exporter.counts();
  assert.deepEqual([waiting, dropped.queueFull], [19, 182]);

  open = true;
  assert.equal(await exporter.flush(LONG_MS), true);
  const delivered = new Set(receiver.requests.flatMap(({ body }) => namesIn(body)));
  const expected = ["first", ...Array.from({ length: 9 }, (_, index) => [`${index + 91}a`, `${index + 91}b`]).flat()];
  assert.deepEqual([...delivered], expected);
  assert.equal(exporter.counts().delivered, 19);
  assertBalanced(exporter.counts());
});

test("a queue bounded in bytes holds no more of them; a batch larger than that drives out no other", async () => {
  const small = spansNamed("small");
  const smallBytes = encodeTraces(small).length;
  await using exporter = await OtlpExporter.open(traces, {
    endpoint: NOWHERE,
    retry,
    queue: { maxBytes: smallBytes * 4 },
    shutdownTimeoutMs: 0,
  });
  for (let count = 0; count < 10; count++) exporter.export(small);
  exporter.export(spansNamed("a large one".repeat(1_000), "with two spans"));
  const { memoryBytes, waiting, dropped } = exporter.counts();
  assert.deepEqual([memoryBytes, waiting, dropped.queueFull], [smallBytes * 4, 4, 6 + 2]);
  assertBalanced(exporter.counts());
});

test("what cannot be encoded is not counted, and an empty request is none", async () => {
  await using exporter = await OtlpExporter.open(traces, { endpoint: NOWHERE, shutdownTimeoutMs: 0 });
  const [resource] = spansNamed("one");
  assert.ok(resource);
  const [scope] = resource.scopes;
  const spans = scope?.spans.map((span) => ({ ...span, traceId: "none" })) ?? [];
  assert.throws(
    () => exporter.export([{ ...resource, scopes: [{ scope: { name: "test" }, spans }] }]),
    (error) => error instanceof OtlpError && error.code === "invalid-data",
  );
  exporter.export([]);
  exporter.export(spansNamed());
  const { enqueued, waiting, tries } = exporter.counts();
  assert.deepEqual([enqueued, waiting, tries], [0, 0, 0]);
});

test("disposing ends a hanging try, drops what waits, and counts it; what comes later is dropped too", async () => {
  await using receiver = await HttpReceiver.start(() => "hang");
  const exporter = await OtlpExporter.open(traces, {
    endpoint: receiver.endpoint(),
    timeoutMs: 0,
    shutdownTimeoutMs: 20,
  });
  exporter.export(spansNamed("one", "two"));
  exporter.export(spansNamed("three"));
  while (receiver.requests.length === 0) await setTimeout(1);
  await Promise.all([exporter[Symbol.asyncDispose](), exporter[Symbol.asyncDispose]()]);
  exporter.export(spansNamed("four"));
  const { enqueued, waiting, dropped, memoryBytes } = exporter.counts();
  assert.deepEqual([enqueued, waiting, dropped.shutdown, memoryBytes], [4, 0, 4, 0]);
  assertBalanced(exporter.counts());
  assert.equal(receiver.requests.length, 1);
});

test("disposing sends what waits, if the receiver takes it", async () => {
  await using receiver = await HttpReceiver.start(() => OK);
  {
    await using exporter = await OtlpExporter.open(traces, { endpoint: receiver.endpoint() });
    for (let index = 0; index < 20; index++) exporter.export(spansNamed(`${index}`));
  }
  assert.equal(receiver.requests.length, 20);
});

test("a flush cuts a wait between two tries short, but not one that the receiver asked for", async () => {
  let answer: HttpAnswer = { status: 503 };
  await using receiver = await HttpReceiver.start(() => answer);
  await using exporter = await OtlpExporter.open(traces, {
    endpoint: receiver.endpoint(),
    retry: { initialDelayMs: LONG_MS * 60, maxDelayMs: LONG_MS * 60 },
    shutdownTimeoutMs: 0,
  });
  exporter.export(spansNamed("one"));
  while (exporter.counts().failedTries === 0) await setTimeout(1);
  answer = OK;
  assert.equal(await exporter.flush(LONG_MS), true);

  answer = { status: 503, headers: { "retry-after": "3600" } };
  exporter.export(spansNamed("two"));
  while (exporter.counts().failedTries === 1) await setTimeout(1);
  answer = OK;
  assert.equal(await exporter.flush(50), false);
  assert.equal(receiver.requests.length, 3);
});

test("a listener that throws ends no sending", async () => {
  const thrown: unknown[] = [];
  process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error));
  await using receiver = await HttpReceiver.start((_, count) => (count === 1 ? { status: 400 } : OK));
  await using exporter = await OtlpExporter.open(traces, {
    endpoint: receiver.endpoint(),
    onProblem: (problem) => {
      throw problem;
    },
  });
  exporter.export(spansNamed("one"));
  exporter.export(spansNamed("two"));
  assert.equal(await exporter.flush(LONG_MS), true);
  assert.equal(exporter.counts().delivered, 1);
  process.setUncaughtExceptionCaptureCallback(null);
  assert.equal(thrown.length, 1);
});

const answers: fc.Arbitrary<HttpAnswer> = fc.constantFrom<HttpAnswer>(
  OK,
  { status: 503 },
  { status: 429, headers: { "retry-after": "1" } },
  { status: 400 },
  { ...OK, body: partialSuccess(1, "one too many") },
  "reset",
);

test("whatever the receiver does, every item is delivered, rejected, dropped or waits, and none twice", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(answers, { maxLength: 20 }),
      fc.array(fc.nat({ max: 4 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 6 }),
      async (script, batchSizes, maxBatches) => {
        const accepted: string[] = [];
        let rejected = 0;
        await using receiver = await HttpReceiver.start(({ body }, count) => {
          const answer = script[count - 1] ?? OK;
          if (typeof answer === "object" && answer.status === 200) {
            const isPartial = answer.body !== undefined;
            accepted.push(...namesIn(body).slice(isPartial ? 1 : 0));
            rejected += isPartial ? 1 : 0;
          }
          return answer;
        });
        const clock = new InstantClock();
        const settings = { endpoint: receiver.endpoint(), queue: { maxBatches }, clock };
        const exporter = await OtlpExporter.open(traces, settings);
        let enqueued = 0;
        for (const size of batchSizes) {
          exporter.export(spansNamed(...Array.from({ length: size }, (_, index) => `${enqueued + index}`)));
          enqueued += size;
          assertBalanced(exporter.counts());
          await new Promise((resolve) => setImmediate(resolve));
        }
        while (exporter.counts().waiting > 0) {
          assertBalanced(exporter.counts());
          await setTimeout(1);
        }
        await exporter[Symbol.asyncDispose]();
        const counts = exporter.counts();
        assertBalanced(counts);
        assert.equal(counts.enqueued, enqueued);
        assert.equal(counts.delivered, accepted.length);
        assert.equal(counts.rejected, rejected);
        assert.equal(new Set(accepted).size, accepted.length);
      },
    ),
    { numRuns: 30 },
  );
});

test("memory stays flat while an exporter without a receiver is fed for long", async () => {
  const maxBytes = 256 * 1024;
  await using exporter = await OtlpExporter.open(traces, {
    endpoint: NOWHERE,
    retry: { initialDelayMs: 1, maxDelayMs: 1 },
    queue: { maxBytes },
    shutdownTimeoutMs: 0,
  });
  const names = Array.from({ length: 100 }, (_, index) => `span ${index}`);
  const feed = async (batches: number) => {
    for (let count = 0; count < batches; count++) {
      exporter.export(spansNamed(...names));
      assert.ok(exporter.counts().memoryBytes <= maxBytes);
      if (count % 100 === 0) await setTimeout(1);
    }
  };
  await feed(1_000);
  const before = process.memoryUsage().arrayBuffers;
  await feed(5_000);
  const grownBytes = process.memoryUsage().arrayBuffers - before;
  // It was fed 40 MB meanwhile; garbage that is not yet collected counts.
  assert.ok(encodeTraces(spansNamed(...names)).length * 5_000 > 20_000_000);
  assert.ok(grownBytes < 10_000_000, `${grownBytes} bytes more`);
  assertBalanced(exporter.counts());
  assert.ok(exporter.counts().dropped.queueFull > 500_000);
});

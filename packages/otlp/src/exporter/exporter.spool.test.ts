/** An exporter with a spool, through ends of all kinds. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { OtlpError } from "../errors.ts";
import { namesIn } from "../testing/decode.ts";
import { GrpcReceiver } from "../testing/grpc-receiver.ts";
import { type HttpAnswer, HttpReceiver, OK } from "../testing/http-receiver.ts";
import { assertBalanced, spansNamed } from "../testing/spans.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { traces } from "../traces/index.ts";
import { type ExporterSettings, OtlpExporter } from "./index.ts";

const LONG_MS = 60_000;
const NOWHERE = "http://127.0.0.1:1/v1/traces";
const FEED = fileURLToPath(new URL("../testing/feed-spool.ts", import.meta.url));

function open(endpoint: string, directory: string, settings: ExporterSettings = {}) {
  return OtlpExporter.open(traces, {
    endpoint,
    spool: { directory },
    retry: { initialDelayMs: 5, maxDelayMs: 5 },
    shutdownTimeoutMs: 0,
    ...settings,
  });
}

test("what waits at the end is sent after the next start, under other settings too", async () => {
  using directory = temporaryDirectory();
  {
    await using exporter = await open(NOWHERE, directory.path, { protocol: "http/json", compression: "gzip" });
    exporter.export(spansNamed("one", "two"));
    exporter.export(spansNamed("three"));
    assertBalanced(exporter.counts());
    assert.ok(exporter.counts().spoolBytes > 0);
  }
  await using receiver = await HttpReceiver.start(() => OK);
  await using exporter = await open(receiver.endpoint(), directory.path, { protocol: "http/protobuf" });
  assert.equal(exporter.counts().recovered, 3);
  exporter.export(spansNamed("four"));
  assert.equal(await exporter.flush(LONG_MS), true);
  assert.deepEqual(
    receiver.requests.map(({ body, headers }) =>
      namesIn(body, headers["content-type"] === "application/json" ? "json" : "protobuf"),
    ),
    [["one", "two"], ["three"], ["four"]],
  );
  const { enqueued, recovered, delivered, waiting, spoolBytes } = exporter.counts();
  assert.deepEqual([enqueued, recovered, delivered, waiting, spoolBytes], [1, 3, 4, 0, 0]);
  assertBalanced(exporter.counts());
});

test("what was spooled in JSON cannot go over gRPC: it is given up, and said", async () => {
  using directory = temporaryDirectory();
  {
    await using exporter = await open(NOWHERE, directory.path, { protocol: "http/json" });
    exporter.export(spansNamed("one", "two"));
  }
  await using receiver = await GrpcReceiver.start(() => ({ status: 0, body: new Uint8Array() }));
  const problems: OtlpError[] = [];
  const onProblem = (problem: OtlpError) => problems.push(problem);
  await using exporter = await open(receiver.endpoint, directory.path, { protocol: "grpc", onProblem });
  exporter.export(spansNamed("three"));
  assert.equal(await exporter.flush(LONG_MS), true);
  const { delivered, dropped } = exporter.counts();
  assert.deepEqual([delivered, dropped.refused, receiver.calls.length], [1, 2, 1]);
  assert.match(problems[0]?.message ?? "", /cannot go over gRPC$/);
});

test("the memory holds one batch while the spool holds the others", async () => {
  using directory = temporaryDirectory();
  await using exporter = await open(NOWHERE, directory.path, { queue: { maxBytes: 1_000 } });
  for (let index = 0; index < 1_000; index++) exporter.export(spansNamed(`${index}`));
  while (exporter.counts().tries === 0) await setTimeout(1);
  const { waiting, waitingBatches, memoryBytes, spoolBytes } = exporter.counts();
  assert.deepEqual([waiting, waitingBatches], [1_000, 1_000]);
  assert.ok(memoryBytes > 0 && memoryBytes < 200, `${memoryBytes}`);
  assert.ok(spoolBytes > 50_000, `${spoolBytes}`);
  assertBalanced(exporter.counts());
});

test("a spool beyond its bound drops the oldest, and the counts say so", async () => {
  using directory = temporaryDirectory();
  let open503 = true;
  await using receiver = await HttpReceiver.start((): HttpAnswer => (open503 ? { status: 503 } : OK));
  await using exporter = await open(receiver.endpoint(), directory.path, {
    spool: { directory: directory.path, maxBytes: 20_000 },
  });
  for (let index = 0; index < 1_000; index++) {
    exporter.export(spansNamed(`${index}`));
    assertBalanced(exporter.counts());
    assert.ok(exporter.counts().spoolBytes <= 20_000);
    if (index % 100 === 0) await setTimeout(1);
  }
  const { waiting, dropped } = exporter.counts();
  assert.equal(waiting + dropped.spoolFull, 1_000);
  open503 = false;
  assert.equal(await exporter.flush(LONG_MS), true);
  assert.equal(exporter.counts().delivered, waiting);
  assertBalanced(exporter.counts());
});

test("kill -9: what was spooled is sent after the restart, nothing twice but the one batch that was on its way", async () => {
  using directory = temporaryDirectory();
  const received: number[] = [];
  let down = true;
  await using receiver = await HttpReceiver.start(({ body }) => {
    if (down) return { status: 503 };
    received.push(...namesIn(body).map(Number));
    return OK;
  });

  const spooled: number[] = [];
  const kills = 6;
  for (let round = 0; round < kills; round++) {
    // Killed while everything waits, and while it is being sent.
    down = round % 2 === 0;
    const child = spawn(
      process.execPath,
      ["--conditions=skep-source", FEED, directory.path, receiver.endpoint(), String(round * 1_000_000)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    spooled.push(...(await killOnceFed(child, received, down)));
  }

  down = false;
  const problems: OtlpError[] = [];
  await using exporter = await open(receiver.endpoint(), directory.path, {
    onProblem: (problem) => problems.push(problem),
  });
  assert.equal(await exporter.flush(LONG_MS), true);
  assertBalanced(exporter.counts());
  assert.ok(exporter.counts().recovered > 0);

  const unique = new Set(received);
  assert.deepEqual(
    spooled.filter((number) => !unique.has(number)),
    [],
    "nothing is lost",
  );
  assert.ok(received.length - unique.size <= kills, `${received.length - unique.size} batches were sent twice`);
  // A write that the kill cut off is torn, or nothing; what was whole is said by the child.
  assert.ok(
    problems.every(({ message }) => message.includes("ends within a batch")),
    `${problems}`,
  );
});

/** Kills the program some time after it has spooled a few, and something arrived where it could; what it spooled. */
async function killOnceFed(child: ChildProcess, received: readonly number[], down: boolean): Promise<number[]> {
  const { stdout } = child;
  assert.ok(stdout);
  const before = received.length;
  const said = text(stdout);
  await once(stdout, "readable");
  while (!down && received.length < before + 5) await setTimeout(1);
  child.kill("SIGKILL");
  const lines = (await said).split("\n");
  // The last line may not be whole.
  return lines.slice(0, -1).map(Number);
}

test("a disk that is full costs no data while there is room in memory, and is said and counted", async () => {
  using directory = temporaryDirectory();
  // No file may be larger than 8 blocks of 512 bytes: writes fail as on a disk that is full.
  const program = `
    import assert from "node:assert/strict";
    import { OtlpExporter } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
    import { traces } from ${JSON.stringify(new URL("../traces/index.ts", import.meta.url).href)};
    import { assertBalanced, spansNamed } from ${JSON.stringify(new URL("../testing/spans.ts", import.meta.url).href)};
    const problems = [];
    const exporter = await OtlpExporter.open(traces, {
      endpoint: ${JSON.stringify(NOWHERE)},
      spool: { directory: ${JSON.stringify(directory.path)} },
      queue: { maxBatches: 100 },
      shutdownTimeoutMs: 0,
      onProblem: (problem) => problems.push([problem.code, problem.message]),
    });
    for (let index = 0; index < 200; index++) {
      exporter.export(spansNamed("span " + index));
      assertBalanced(exporter.counts());
    }
    await new Promise((resolve) => setImmediate(resolve));
    const before = exporter.counts();
    await exporter[Symbol.asyncDispose]();
    assertBalanced(exporter.counts());
    console.log(JSON.stringify({ before, after: exporter.counts(), problems }));
  `;
  const child = spawn(
    "sh",
    [
      "-c",
      'ulimit -f 8; exec "$0" "$@"',
      process.execPath,
      "--conditions=skep-source",
      "--input-type=module",
      "-e",
      program,
    ],
    // V8's file of what was covered would be cut off too, and spoil that of the whole run.
    { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, NODE_V8_COVERAGE: undefined } },
  );
  const said = await text(child.stdout);
  const { before, after, problems } = JSON.parse(said);
  assert.ok(before.spoolBytes > 0 && before.spoolBytes <= 4_096, said);
  // What the spool did not take is in memory, up to its bound.
  assert.equal(before.waiting, 200 - before.dropped.queueFull);
  assert.equal(before.dropped.queueFull, before.spoolWriteFailures - 100);
  assert.equal(after.dropped.shutdown, 100);
  assert.match(problems[0].join(" "), /^spool .*a batch could not be spooled: EFBIG/);

  // What it took is whole.
  await using receiver = await HttpReceiver.start(() => OK);
  await using exporter = await open(receiver.endpoint(), directory.path);
  assert.equal(exporter.counts().recovered, 200 - before.spoolWriteFailures);
  assert.equal(await exporter.flush(LONG_MS), true);
  assert.equal(receiver.requests.length, 200 - before.spoolWriteFailures);
});

test("a spool that cannot be opened is an error before anything is sent", async () => {
  await assert.rejects(open(NOWHERE, "/dev/null/spool"), { code: "spool" });
});

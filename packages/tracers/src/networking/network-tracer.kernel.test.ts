import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkEvent } from "./network-report.ts";
import { NetworkTracer } from "./network-tracer.ts";
import { program } from "./testing/traced-requests.ts";

const REQUESTS = 40;

test("connections, requests and packets of one workload come from one tracer, and are counted alike", async () => {
  await using server = program("http-server.mjs");
  const port = await server.ready;
  const paths = Array.from({ length: REQUESTS }, (_, index) => `/size/10/200/${index}`);
  await using client = program("http-client.mjs", "paths", port, ...paths);
  await client.ready;
  await using tracer = await NetworkTracer.start({
    pids: [server.pid, client.pid],
    requests: { tls: false },
    packets: { flows: false },
  });
  const before = tracer.counts();
  const events: NetworkEvent[] = [];
  const reading = (async () => {
    for await (const event of tracer.events()) events.push(event);
  })();
  client.release();
  await client.lastLine;
  await tracer.snapshot();
  tracer.stop();
  await reading;

  const of = (kind: NetworkEvent["kind"]) => events.filter((event) => event.kind === kind).length;
  assert.equal(of("http"), 2 * REQUESTS);
  assert.deepEqual([of("opened"), of("closed")], [2, 2]);

  const counts = tracer.counts();
  const read = { connections: of("opened") + of("closed") + of("failed"), http: of("http"), dns: of("dns") };
  for (const kind of ["connections", "http", "dns"] as const) {
    const { seen, delivered, lost } = counts[kind] ?? { seen: -1, delivered: -1, lost: {} };
    assert.equal(delivered - (before[kind]?.delivered ?? 0), read[kind], kind);
    assert.equal(
      seen,
      Object.values(lost).reduce((sum, count) => sum + count, delivered),
      kind,
    );
  }
  const { connections, requests, packets } = tracer.lost();
  assert.deepEqual(
    [connections, requests, packets].map((part) => part !== undefined),
    [true, true, true],
  );
  assert.ok(tracer.overhead().mapBytes > 0);
});

test("each part can be left out", async () => {
  {
    await using tracer = await NetworkTracer.start({ requests: false, packets: false });
    const { connections, requests, packets } = await tracer.snapshot();
    assert.deepEqual([connections !== undefined, requests, packets], [true, undefined, undefined]);
    assert.deepEqual(Object.keys(tracer.counts()), ["connections"]);
    assert.deepEqual(Object.keys(tracer.lost()), ["connections"]);
  }
  await using tracer = await NetworkTracer.start({ connections: false, requests: false });
  const { connections, requests, packets } = await tracer.snapshot();
  assert.deepEqual([connections, requests, packets !== undefined], [undefined, undefined, true]);
  assert.deepEqual(tracer.counts(), {});
  // Without a part that has events they end at once.
  assert.equal((await tracer.events().next()).done, true);
});

test("it says when none of its processes runs any more", async () => {
  await using server = program("http-server.mjs");
  await server.ready;
  await using tracer = await NetworkTracer.start({ pids: [server.pid], packets: false, requests: { tls: false } });
  server.release();
  await tracer.exited;
});

test("where a part cannot start nothing is left of the others", async () => {
  await assert.rejects(NetworkTracer.start({ packets: { rttEvery: 0 } }), { code: "invalid-argument" });
});

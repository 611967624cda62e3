import assert from "node:assert/strict";
import { test } from "node:test";
import type { Segment } from "./segment.ts";
import {
  brief,
  client,
  cut,
  type Sent,
  segmentsOf,
  server,
  trace,
  traceOf,
  uncaptured,
} from "./testing/conversation.ts";

test("a request and its response become one exchange, on either side", () => {
  const conversation = [
    client(
      "POST /items?secret=1 HTTP/1.1\r\nHost: user@a.example:80\r\nUser-Agent: tester/1.0\r\nContent-Length: 3\r\n" +
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\nabc",
    ),
    server("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello"),
  ];
  for (const [side, startNs, durationNs] of [
    // What was received is known when the call returns; what is sent, when it is entered.
    ["server", 1500n, 1000],
    ["client", 1000n, 1500],
  ] as const) {
    const { requests, counts } = trace(segmentsOf(conversation, side));
    assert.deepEqual(requests, [
      {
        side,
        protocol: "http/1.1",
        method: "POST",
        path: "/items",
        host: "a.example:80",
        userAgent: "tester/1.0",
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        status: 201,
        requestBytes: 3,
        responseBytes: 5,
        startNs,
        durationNs,
        outcome: "complete",
        tls: false,
      },
    ]);
    assert.deepEqual([counts.seen, counts.delivered, counts.underWay], [1, 1, 0]);
  }
});

function get(path: string): Sent {
  return client(`GET ${path} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
}

function answer(status: number, body = "ok"): Sent {
  return server(`HTTP/1.1 ${status} Some\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

function without(segments: readonly Segment[], ...indexes: number[]): Segment[] {
  return segments.filter((_, index) => !indexes.includes(index));
}

/** The same, later by so many milliseconds from this index on. */
function later(segments: readonly Segment[], from: number, byMs: number): Segment[] {
  const byNs = BigInt(byMs) * 1_000_000n;
  return segments.map((segment, index) =>
    index < from ? segment : { ...segment, startNs: segment.startNs + byNs, endNs: segment.endNs + byNs },
  );
}

test("what is no HTTP is passed over", () => {
  const { requests, counts, stream } = trace(
    segmentsOf([
      client("SET a b\r\n"),
      server("+OK\r\n"),
      client(Buffer.alloc(100_000, "G")),
      server("HTTP/2.0 200\r\n"),
    ]),
  );
  assert.deepEqual([requests.length, counts.seen, stream.protocol, stream.side], [0, 0, undefined, undefined]);
  assert.equal(counts.trouble.ignoredBytes, 9 + 5 + 100_000 + 14);
});

test("a connection that was joined late is read from its first head on", () => {
  for (const [conversation, expected, unpaired] of [
    [[client("rest of a body"), get("/a"), answer(200)], ["GET /a -> 200 (0/2) complete"], 0],
    [[server("rest of a body"), get("/a"), answer(200)], ["GET /a -> 200 (0/2) complete"], 0],
    // The first response answers a request of before.
    [[answer(500), get("/a"), answer(200)], ["GET /a -> 200 (0/2) complete"], 1],
    [
      [server("HTTP/1.1 100 Continue\r\n\r\n"), client("body"), answer(500), get("/a"), answer(200)],
      ["GET /a -> 200 (0/2) complete"],
      1,
    ],
  ] as const) {
    for (const side of ["server", "client"] as const) {
      const { requests, counts, stream } = trace(segmentsOf(conversation, side), { joinedLate: true });
      assert.deepEqual(requests.map(brief), expected);
      assert.equal(counts.trouble.unpairedResponses, unpaired);
      assert.deepEqual([stream.protocol, stream.side], ["http/1", side]);
    }
  }
});

test("on a connection that was joined late nothing is paired while it sends ahead", () => {
  const conversation = [
    client("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
    answer(500),
    answer(201),
    answer(202),
    get("/c"),
    answer(203),
  ];
  const { requests, counts } = trace(later(segmentsOf(conversation), 4, 1500), { joinedLate: true });
  assert.deepEqual(requests.map(brief), [
    "GET /a -> - (0/?) unanswered",
    "GET /b -> - (0/?) unanswered",
    "GET /c -> 203 (0/2) complete",
  ]);
  assert.equal(counts.trouble.unpairedResponses, 3);
});

test("a response that is told of before its request waits for it", () => {
  const [request, response, next, last] = segmentsOf(
    [get("/a"), answer(200, "x".repeat(100_000)), get("/b"), answer(201)],
    "client",
  );
  assert.ok(request !== undefined && response !== undefined && next !== undefined && last !== undefined);
  // The response was there when the call that sent the request had not returned.
  const early = { ...response, startNs: request.startNs, endNs: request.endNs };
  const { requests, counts } = trace([...cut(early, [10, 5000, 80_000]), request, last, next]);
  assert.deepEqual(requests.map(brief), ["GET /a -> 200 (0/100000) complete", "GET /b -> 201 (0/2) complete"]);
  assert.equal(counts.trouble.unpairedResponses, 0);
});

test("a response that waits for too long is given up, and the next one is paired", () => {
  const segments = later(segmentsOf([answer(500), server("more"), get("/a"), answer(200)]), 1, 300);
  const { requests, counts } = trace(segments);
  assert.deepEqual(requests.map(brief), ["GET /a -> 200 (0/2) complete"]);
  assert.equal(counts.trouble.unpairedResponses, 1);
});

test("the beginning of a method is not taken from what came before it", () => {
  for (const [joinedLate, conversation, method] of [
    [false, [client("BR"), client("EW /a HTTP/1.1\r\n\r\n")], "BREW"],
    [true, [client("end-of-a-body"), get("/a")], "GET"],
    [true, [client("PO"), client("ST /a HTTP/1.1\r\n\r\n")], "POST"],
    [true, [client("PRO"), client("P"), client("FIND /a HTTP/1.1\r\n\r\n")], "PROPFIND"],
  ] as const) {
    const { requests } = trace(segmentsOf([...conversation, answer(200)]), { joinedLate });
    assert.deepEqual(
      requests.map((request) => request.method),
      [method],
    );
  }
});

test("HTTP/2 is recognised by its preface, also in pieces", () => {
  const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  for (let at = 1; at < preface.length; at++) {
    const { stream } = trace(segmentsOf([client(preface.slice(0, at)), client(preface.slice(at))], "client"));
    assert.deepEqual([stream.protocol, stream.side], ["h2", "client"]);
  }
});

test("segments in another order give the same requests", () => {
  const segments = segmentsOf([get("/a"), answer(200), get("/b"), answer(201)]).flatMap((segment) =>
    cut(segment, [7, 20, 50, 60]),
  );
  const expected = ["GET /a -> 200 (0/2) complete", "GET /b -> 201 (0/2) complete"];
  for (let index = 0; index + 1 < segments.length; index++) {
    const [one, other] = segments.slice(index, index + 2);
    // Where a stream begins is known by the first segment of it.
    if (one === undefined || other?.direction !== one.direction || one.position === 0) continue;
    const { requests, counts } = trace(segments.toSpliced(index, 2, other, one));
    assert.deepEqual(requests.map(brief), expected);
    assert.equal(counts.trouble.gaps, 0);
  }
});

test("bytes that come twice count once", () => {
  const segments = segmentsOf([get("/a"), answer(200)]);
  const { requests, counts } = trace([...segments.slice(0, 1), ...segments, ...segments]);
  assert.deepEqual(requests.map(brief), ["GET /a -> 200 (0/2) complete"]);
  const lengthBytes = segments.map((segment) => segment.lengthBytes);
  assert.equal(counts.trouble.repeatedBytes, 2 * (lengthBytes[0] ?? 0) + (lengthBytes[1] ?? 0));
});

test("a gap in a body is counted through", () => {
  const body = "x".repeat(1000);
  for (const conversation of [
    [get("/a"), answer(200, body), get("/b"), answer(201)],
    [
      get("/a"),
      server(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8;x\r\n${body}\r\n0\r\n\r\n`),
      get("/b"),
      answer(201),
    ],
  ]) {
    const [first, response, ...rest] = segmentsOf(conversation);
    assert.ok(first !== undefined && response !== undefined);
    const [head, middle, tail] = cut(response, [200, 700]);
    assert.ok(head !== undefined && middle !== undefined && tail !== undefined);
    const expected = ["GET /a -> 200 (0/1000) complete", "GET /b -> 201 (0/2) complete"];
    for (const segments of [
      [first, head, uncaptured(middle), tail, ...rest],
      [first, head, tail, ...later(rest, 0, 300)],
      [first, { ...head, lengthBytes: head.lengthBytes + middle.lengthBytes }, tail, ...rest],
    ]) {
      const { requests } = trace(segments);
      assert.deepEqual(requests.map(brief), expected);
    }
  }
});

test("the end of a body that was not captured has its time", () => {
  const [request, response] = segmentsOf([get("/a"), answer(200, "x".repeat(1000))]);
  assert.ok(request !== undefined && response !== undefined);
  const [head, rest] = cut(response, [100]);
  assert.ok(head !== undefined && rest !== undefined);
  const { requests } = trace([request, head, { ...uncaptured(rest), endNs: 9000n }]);
  assert.deepEqual([requests[0]?.durationNs, requests[0]?.responseBytes], [9000 - 1500, 1000]);
});

test("behind a gap in chunks the next response is found, and the size is left out", () => {
  const chunks = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"5\r\nabcde\r\n".repeat(50)}0\r\n\r\n`;
  const [first, response, ...rest] = segmentsOf([get("/a"), server(chunks), get("/b"), answer(201)]);
  assert.ok(first !== undefined && response !== undefined);
  const [head, middle, tail] = cut(response, [100, 200]);
  assert.ok(head !== undefined && middle !== undefined && tail !== undefined);
  const { requests, counts } = trace([first, head, uncaptured(middle), tail, ...rest]);
  assert.deepEqual(requests.map(brief), ["GET /a -> 200 (0/?) complete", "GET /b -> 201 (0/2) complete"]);
  assert.equal(requests[0]?.durationNs, undefined);
  assert.deepEqual([counts.trouble.framingLost, counts.underWay], [1, 0]);
});

test("a gap over the end of a body loses the next head alone", () => {
  const [first, response, next, second, ...rest] = segmentsOf([
    get("/a"),
    answer(200, "x".repeat(100)),
    get("/b"),
    answer(201),
    get("/c"),
    answer(202),
  ]);
  assert.ok(first !== undefined && response !== undefined && second !== undefined && next !== undefined);
  const [head, tail] = cut(response, [100]);
  assert.ok(head !== undefined && tail !== undefined);
  const hole = { ...uncaptured(tail), lengthBytes: tail.lengthBytes + second.lengthBytes };
  const { requests, counts } = trace([first, head, next, hole, ...rest]);
  assert.deepEqual(requests.map(brief), [
    "GET /a -> 200 (0/100) complete",
    "GET /b -> - (0/?) unanswered",
    "GET /c -> 202 (0/2) complete",
  ]);
  assert.deepEqual([requests[0]?.durationNs, counts.trouble.framingLost], [undefined, 1]);
});

test("what waits for too long is given up without another segment", () => {
  const { stream, counts } = traceOf();
  for (const segment of segmentsOf([answer(500)], "client")) stream.add(segment);
  stream.tick(200_000_000n);
  assert.equal(counts.trouble.unpairedResponses, 0);
  stream.tick(201_000_000n);
  assert.equal(counts.trouble.unpairedResponses, 1);
});

test("a gap in a head leaves what is known of it", () => {
  const request = client("GET /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabc");
  const [head, ...rest] = segmentsOf([request, answer(200), get("/b"), answer(201)]);
  assert.ok(head !== undefined);
  for (const [from, to, expected, lost] of [
    [40, 50, ["GET /a -> 200 (?/2) complete", "GET /b -> 201 (0/2) complete"], 0],
    // Its method is known to nobody: its response is left alone.
    [8, 20, ["GET /b -> 201 (0/2) complete"], 1],
  ] as const) {
    const [before, hole, after] = cut(head, [from, to]);
    assert.ok(before !== undefined && hole !== undefined && after !== undefined);
    const first = trace([
      ...segmentsOf([get("/0"), answer(204, "")]),
      ...shift([before, uncaptured(hole), after, ...rest]),
    ]);
    assert.deepEqual(first.requests.map(brief).slice(1), expected);
    assert.deepEqual([first.counts.lost.headCut, first.counts.underWay], [lost, 0]);
  }

  /** Behind a first request, so that the framing is known. */
  function shift(segments: Segment[]): Segment[] {
    const [get0, answer0] = segmentsOf([get("/0"), answer(204, "")]);
    assert.ok(get0 !== undefined && answer0 !== undefined);
    return segments.map((segment) => ({
      ...segment,
      position: segment.position + (segment.direction === "received" ? get0 : answer0).lengthBytes,
      startNs: segment.startNs + 10_000n,
      endNs: segment.endNs + 10_000n,
    }));
  }
});

test("calls that were not told of cost no other request its status", () => {
  const conversation = Array.from({ length: 6 }, (_, index) => [get(`/${index}`), answer(500 + index)]).flat();
  const whole = conversation
    .filter((_, index) => index % 2 === 0)
    .map((_, index) => `GET /${index} -> ${500 + index} (0/2) complete`);
  for (const side of ["server", "client"] as const) {
    const segments = segmentsOf(conversation, side);
    for (let index = 2; index < segments.length - 2; index++) {
      const request = Math.floor(index / 2);
      const expected = whole.toSpliced(
        request,
        1,
        ...(index % 2 === 0 ? [] : [`GET /${request} -> - (0/?) unanswered`]),
      );
      const { requests, counts } = trace(later(without(segments, index), segments.length - 3, 300));
      assert.deepEqual(requests.map(brief).sort(), expected.sort(), `${side}, without segment ${index}`);
      assert.equal(counts.underWay, 0);
    }
  }
});

test("large bodies are not asked for", () => {
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
  const [request, response, next, last] = segmentsOf([
    get("/a"),
    server(head + "x".repeat(1_000_000)),
    get("/b"),
    answer(201),
  ]);
  assert.ok(request !== undefined && response !== undefined && next !== undefined && last !== undefined);
  const [first, second, third, end] = cut(response, [1000, 2000, 999_990]);
  assert.ok(first !== undefined && second !== undefined && third !== undefined && end !== undefined);
  const traced = traceOf();
  traced.stream.add(request);
  traced.stream.add(first);
  assert.deepEqual(traced.skips, [["sent", head.length + 1_000_000]]);
  // One that was under way already, none of most of it, and the one that reaches the end.
  for (const segment of [second, uncaptured(end), next, last]) traced.stream.add(segment);
  assert.deepEqual(traced.requests.map(brief), ["GET /a -> 200 (0/1000000) complete", "GET /b -> 201 (0/2) complete"]);
  assert.deepEqual([traced.counts.trouble.gaps, traced.skips.length], [0, 1]);
});

test("nothing more is asked for behind an upgrade", () => {
  const { skips } = trace(
    segmentsOf([client("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), server("HTTP/1.1 101 Switching\r\n\r\n")]),
  );
  assert.deepEqual(skips, [
    ["sent", Number.POSITIVE_INFINITY],
    ["received", Number.POSITIVE_INFINITY],
  ]);
});

test("what has no answer when tracing ends is not called aborted", () => {
  const { requests } = trace(segmentsOf([get("/a"), server("HTTP/1.1 200 OK\r\n\r\nbody")]), {}, "untraced");
  assert.deepEqual(requests.map(brief), ["GET /a -> 200 (0/4) unanswered"]);
  assert.equal(requests[0]?.durationNs, undefined);
});

test("requests of 1 to 32 ahead in one call are all found", () => {
  for (let depth = 1; depth <= 32; depth++) {
    const all = Array.from({ length: depth }, (_, index) => index);
    const { requests } = trace(
      segmentsOf([
        client(all.map((index) => `GET /${index} HTTP/1.1\r\n\r\n`).join("")),
        server(all.map((index) => `HTTP/1.1 ${500 + index} Some\r\nContent-Length: 1\r\n\r\nx`).join("")),
      ]),
    );
    assert.deepEqual(
      requests.map(brief),
      all.map((index) => `GET /${index} -> ${500 + index} (0/1) complete`),
    );
  }
});

test("what is kept of a connection has bounds", () => {
  const line = client(`GET /${"a".repeat(70_000)} HTTP/1.1\r\n\r\n`);
  const head = client(`GET /b HTTP/1.1\r\n${"X: y\r\n".repeat(12_000)}\r\n`);
  const ahead = client("GET /c HTTP/1.1\r\n\r\n".repeat(1030));
  for (const [conversation, delivered, lost] of [
    [[get("/a"), answer(200), line], 1, { headTooLong: 1 }],
    [[get("/a"), answer(200), head], 2, {}],
    [[ahead], 1024, { underWayLimit: 6 }],
  ] as const) {
    const { counts } = trace(segmentsOf(conversation));
    assert.deepEqual([counts.delivered, counts.underWay], [delivered, 0]);
    assert.deepEqual(counts.lost, { ...counts.lost, headCut: 0, headTooLong: 0, underWayLimit: 0, ...lost });
  }
});

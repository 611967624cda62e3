import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, constants, type ServerHttp2Stream } from "node:http2";
import { before, test } from "node:test";
import fc from "fast-check";
import type { HttpExchange } from "../http-request.ts";
import type { Direction } from "../segment.ts";
import { FrameType } from "./frames.ts";
import { Http2Trace } from "./testing/http2-trace.ts";
import { type Chunk, framesOf, type RecordedFrame, recordConversation } from "./testing/recorded-conversation.ts";

/** What the server did on a stream. */
interface Served {
  readonly method: string;
  readonly path: string | undefined;
  readonly status: number | undefined;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly outcome: string;
  readonly protocol: string;
  readonly grpcStatus?: number;
}

let chunks: Chunk[] = [];
let frames: RecordedFrame[] = [];
/** By stream. */
const served = new Map<number, Served>();

const staticStatuses = [200, 204, 206, 304, 400, 404, 500];
const methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"];
const statuses = [...staticStatuses, 201, 202, 302, 418, 503];

before(async () => {
  chunks = await recordConversation(serve, async (client) => {
    await once(client, "connect");
    for (let index = 0; index < 60; index += 6) {
      const streams = Array.from({ length: 6 }, (_, offset) => plainRequest(client, index + offset));
      await Promise.all(streams.map(ended));
    }
    // A header block that needs CONTINUATION.
    await ended(client.request({ ":path": "/long?status=200&bytes=5", "x-long": "A~".repeat(12_000) }));
    await Promise.all(grpcRequests(client).map(ended));
    for (let index = 0; index < 20; index++) await ended(plainRequest(client, index));
  });
  frames = framesOf(chunks);
});

function plainRequest(client: ClientHttp2Session, index: number): ClientHttp2Stream {
  const status = statuses[index % statuses.length] ?? 200;
  const method = methods[index % methods.length] ?? "GET";
  const bytes = status === 204 || status === 304 ? 0 : (index * 977) % 40_000;
  const stream = client.request(
    {
      ":method": method,
      ":path": `/items/${index % 9}?status=${status}&bytes=${bytes}${index % 4 === 0 ? "&informational" : ""}`,
      "user-agent": `test/${index % 3}`,
      "x-request-id": String(index),
    },
    { endStream: method === "GET" },
  );
  if (method !== "GET") stream.end("x".repeat((index * 1_511) % 50_000));
  return stream;
}

function grpcRequests(client: ClientHttp2Session): ClientHttp2Stream[] {
  const grpcRequest = (name: string, isEnded = true) => {
    const stream = client.request(
      { ":method": "POST", ":path": `/shop.Cart/${name}`, "content-type": "application/grpc+proto", te: "trailers" },
      { waitForTrailers: false, endStream: false },
    );
    stream.write(grpcMessage(20));
    if (isEnded) stream.end();
    return stream;
  };
  const cancelled = grpcRequest("Cancelled", false);
  cancelled.on("response", () => cancelled.close(constants.NGHTTP2_CANCEL));
  return [grpcRequest("Get"), grpcRequest("Stream"), grpcRequest("TrailersOnly"), grpcRequest("Reset"), cancelled];
}

function grpcMessage(lengthBytes: number): Buffer {
  const message = Buffer.alloc(5 + lengthBytes);
  message.writeUInt32BE(lengthBytes, 1);
  return message;
}

function serve(stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>): void {
  const path = String(headers[":path"]);
  const url = new URL(path, "http://localhost");
  const log = (entry: Partial<Served>) =>
    served.set(Number(stream.id), {
      method: String(headers[":method"]),
      path: url.pathname,
      status: 200,
      requestBytes: 0,
      responseBytes: 0,
      outcome: "complete",
      protocol: "h2",
      ...entry,
    });
  if (path.startsWith("/shop.Cart/")) {
    serveGrpc(stream, url.pathname, log);
    return;
  }
  const status = Number(url.searchParams.get("status"));
  const responseBytes = Number(url.searchParams.get("bytes"));
  let requestBytes = 0;
  stream.on("data", (data) => {
    requestBytes += data.length;
  });
  stream.on("end", () => {
    log({ status, requestBytes, responseBytes });
    if (url.searchParams.has("informational"))
      stream.additionalHeaders({ ":status": 103, link: "</a.css>; rel=preload" });
    stream.respond({ ":status": status, "x-items": String(responseBytes % 7) });
    stream.end("y".repeat(responseBytes));
  });
  stream.resume();
}

function serveGrpc(stream: ServerHttp2Stream, path: string, log: (entry: Partial<Served>) => void): void {
  const base = { protocol: "grpc", requestBytes: 25 };
  const type = { ":status": 200, "content-type": "application/grpc+proto" };
  stream.once("data", () => {
    switch (path) {
      case "/shop.Cart/TrailersOnly":
        log({ ...base, grpcStatus: 5 });
        stream.respond({ ...type, "grpc-status": "5" }, { endStream: true });
        break;
      case "/shop.Cart/Reset":
        log({ ...base, status: undefined, outcome: "aborted" });
        stream.close(constants.NGHTTP2_INTERNAL_ERROR);
        break;
      case "/shop.Cart/Cancelled":
        log({ ...base, outcome: "aborted" });
        stream.respond(type);
        break;
      default: {
        const messages = path === "/shop.Cart/Stream" ? 10 : 1;
        log({ ...base, grpcStatus: 0, responseBytes: messages * 105 });
        stream.respond(type, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "grpc-message": "" }));
        for (let index = 0; index < messages; index++) stream.write(grpcMessage(100));
        stream.end();
      }
    }
  });
}

async function ended(stream: ClientHttp2Stream): Promise<void> {
  stream.on("error", () => undefined);
  stream.resume();
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.on("close", resolve);
  await promise;
}

/** The stream whose HEADERS were given at this time. */
type StreamsByTime = ReadonlyMap<bigint, number>;

/** Gives frames to a connection, each in a call of its own. */
function replay(trace: Http2Trace, replayed: readonly RecordedFrame[]): StreamsByTime {
  const streams = new Map<bigint, number>();
  for (const frame of replayed) {
    trace.bytes(frame.direction, frame.data);
    if (frame.type === FrameType.headers && frame.direction === "received" && !streams.has(trace.nowNs)) {
      streams.set(trace.nowNs, frame.streamId);
    }
  }
  return streams;
}

function asServed(exchange: HttpExchange): Served {
  const { method, path, status, requestBytes, responseBytes, outcome, protocol, grpcStatus } = exchange;
  return {
    method: method ?? "absent",
    path,
    status,
    requestBytes: requestBytes ?? Number.NaN,
    responseBytes: responseBytes ?? Number.NaN,
    outcome,
    protocol,
    ...(grpcStatus !== undefined && { grpcStatus }),
  };
}

function sorted(entries: Iterable<Served>): Served[] {
  return [...entries].sort((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
}

test("the server's log and the trace are the same", () => {
  assert.equal(served.size, 86);
  assert.ok(frames.some(({ type }) => type === FrameType.continuation));
  const trace = new Http2Trace();
  const streams = replay(trace, frames);
  trace.close();
  for (const exchange of trace.exchanges) {
    assert.deepEqual(asServed(exchange), served.get(streams.get(exchange.startNs) ?? 0));
  }
  assert.equal(trace.exchanges.length, served.size);
  assert.deepEqual(
    Object.values(trace.counts.trouble).filter((count) => count > 0),
    [],
  );
  assert.equal(trace.counts.trouble.headerTablesLost, 0);
  assert.ok(trace.addsUp);
  assert.deepEqual(
    trace.exchanges
      .filter(({ protocol }) => protocol === "grpc")
      .map(({ grpcMethod }) => grpcMethod)
      .sort(),
    ["Cancelled", "Get", "Reset", "Stream", "TrailersOnly"].map((name) => `shop.Cart/${name}`),
  );
  assert.ok(trace.exchanges.every(({ host, scheme }) => scheme === "http" && host?.startsWith("127.0.0.1:")));
});

test("so they are from the client's side, in pieces of any size", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1 }), (sizes) => {
      const trace = new Http2Trace({ side: "client" });
      let piece = 0;
      for (const { direction, data } of chunks) {
        for (let at = 0; at < data.length; ) {
          const size = sizes[piece++ % sizes.length] ?? 1;
          trace.bytes(direction === "sent" ? "received" : "sent", data.subarray(at, at + size));
          at += size;
        }
      }
      trace.close();
      assert.deepEqual(sorted(trace.exchanges.map(asServed)), sorted(served.values()));
      assert.ok(trace.addsUp && trace.exchanges.every(({ side }) => side === "client"));
    }),
    { numRuns: 15 },
  );
  const bytewise = new Http2Trace();
  for (const { direction, data } of chunks) {
    for (const byte of data) bytewise.bytes(direction, Uint8Array.of(byte));
  }
  assert.deepEqual(sorted(bytewise.close().exchanges.map(asServed)), sorted(served.values()));
});

/** What is known has to be what the server did. */
function assertNotWrong(exchange: HttpExchange, log: Served | undefined): void {
  const { method, path, status, protocol, grpcStatus, requestBytes, responseBytes } = exchange;
  assert.ok(log !== undefined, "a request that the server never saw");
  if (method !== undefined) assert.equal(method, log.method);
  if (path !== undefined) assert.equal(path, log.path);
  if (status !== undefined) assert.equal(status, log.status);
  if (protocol === "grpc") assert.equal(log.protocol, "grpc");
  if (grpcStatus !== undefined) assert.equal(grpcStatus, log.grpcStatus);
  if (requestBytes !== undefined && exchange.outcome === "complete") assert.equal(requestBytes, log.requestBytes);
  if (responseBytes !== undefined && exchange.outcome === "complete") assert.equal(responseBytes, log.responseBytes);
}

test("joined at any frame, all later requests are found, and what is known of them is right", () => {
  let unknownMethods = 0;
  for (let cut = 1; cut < frames.length; cut += 1 + (cut % 3)) {
    // A block whose beginning was missed is none.
    const start = frames[cut]?.type === FrameType.continuation ? cut + 1 : cut;
    const trace = new Http2Trace({ joinedLate: true });
    const streams = replay(trace, frames.slice(start));
    trace.close();
    const began = new Set(
      frames
        .slice(0, start)
        .filter(({ direction, type }) => direction === "received" && type === FrameType.headers)
        .map(({ streamId }) => streamId),
    );
    const found = trace.exchanges.map(({ startNs }) => streams.get(startNs) ?? 0).sort((a, b) => a - b);
    const expected = [...served.keys()].filter((streamId) => !began.has(streamId)).sort((a, b) => a - b);
    assert.deepEqual(found, expected);
    for (const exchange of trace.exchanges) {
      const log = served.get(streams.get(exchange.startNs) ?? 0);
      assertNotWrong(exchange, log);
      if (exchange.method === undefined) unknownMethods++;
      if (log === undefined) continue;
      assert.equal(exchange.outcome, log.outcome);
      assert.equal(exchange.requestBytes, log.requestBytes);
      assert.equal(exchange.responseBytes, log.responseBytes);
      if (log.method === "GET" || log.method === "POST") assert.equal(exchange.method, log.method);
      if (log.status === undefined || staticStatuses.includes(log.status)) assert.equal(exchange.status, log.status);
    }
    assert.ok(trace.addsUp);
    const { framingLost, malformedHeads, ignoredBytes } = trace.counts.trouble;
    assert.deepEqual([framingLost, malformedHeads, ignoredBytes], [0, 0, 0]);
  }
  assert.ok(unknownMethods > 0, "an unknown method was met");
});

test("with frames lost on the way, nothing is wrong, and all is counted", () => {
  const fates = fc.array(fc.constantFrom("seen", "seen", "seen", "seen", "seen", "seen", "lost", "cut"), {
    minLength: 200,
    maxLength: 200,
  });
  fc.assert(
    fc.property(fates, fc.nat(frames.length - 2), fc.boolean(), fc.nat(), (fatesOfFrames, start, joinedLate, cutAt) => {
      const from = joinedLate ? start : 0;
      const trace = new Http2Trace({ joinedLate });
      const streams = new Map<bigint, number>();
      for (const [index, frame] of frames.slice(from).entries()) {
        const { direction, data, type, streamId } = frame;
        const fate = fatesOfFrames[(index * 7) % fatesOfFrames.length];
        const seenBytes = fate === "seen" ? data.length : fate === "lost" ? 0 : cutAt % data.length;
        if (seenBytes > 0) trace.bytes(direction, data.subarray(0, seenBytes));
        if (type === FrameType.headers && direction === "received") streams.set(trace.nowNs, streamId);
        trace.gap(direction, data.length - seenBytes);
      }
      trace.close();
      assert.ok(trace.addsUp);
      for (const exchange of trace.exchanges) {
        assertNotWrong(exchange, served.get(streams.get(exchange.startNs) ?? 0));
      }
    }),
    { numRuns: 40 },
  );
});

test("bytes changed, left out or put in never throw, and all is counted", () => {
  const all = framesOf(chunks).slice(0, 150);
  const change = fc.record({
    frame: fc.nat(all.length - 1),
    at: fc.nat(200),
    kind: fc.constantFrom("change" as const, "leaveOut" as const, "putIn" as const, "gap" as const),
    byte: fc.nat(255),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 30 }), fc.boolean(), (changes, joinedLate) => {
      const trace = new Http2Trace({ joinedLate });
      for (const [index, { direction, data }] of all.entries()) {
        let bytes: Uint8Array = data;
        for (const { frame, at, kind, byte } of changes) {
          if (frame !== index) continue;
          const place = at % data.length;
          if (kind === "gap") trace.gap(direction, byte);
          else if (kind === "leaveOut") bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1)]);
          else
            bytes = Buffer.concat(
              [bytes.subarray(0, place), [byte], bytes.subarray(kind === "putIn" ? place : place + 1)].map((part) =>
                Buffer.from(part),
              ),
            );
        }
        trace.bytes(direction satisfies Direction, bytes);
        trace.wait(1_000_000n);
        assert.ok(trace.connection.streamCount <= 4_096);
      }
      trace.close();
      assert.ok(trace.addsUp);
      assert.equal(trace.connection.streamCount, 0);
    }),
    { numRuns: 150 },
  );
});

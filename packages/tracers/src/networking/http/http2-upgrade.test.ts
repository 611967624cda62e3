import assert from "node:assert/strict";
import { test } from "node:test";
import { HpackEncoder } from "./hpack/testing/hpack-encoder.ts";
import { FrameFlag, FrameType, PREFACE } from "./http2/frames.ts";
import { encodeFrame } from "./http2/testing/frames.ts";
import { brief, client, cut, type Sent, segmentsOf, server, trace } from "./testing/conversation.ts";

const { endStream, endHeaders } = FrameFlag;

/** By entries of the tables where there are some, and put into them where not. */
function headers(encoder: HpackEncoder, streamId: number, fields: Readonly<Record<string, string>>, flags = 0): Buffer {
  const indexed = Object.entries(fields).map(
    ([name, value]) => ({ name, value, representation: "indexed", huffman: true }) as const,
  );
  return encodeFrame(FrameType.headers, endHeaders | flags, streamId, encoder.encode(indexed));
}

const settings = encodeFrame(FrameType.settings, 0, 0);
const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

function upgradeOf(request: string): Buffer {
  const fields =
    "Host: a.example\r\nUser-Agent: curl/8\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
  return Buffer.from(`${request} HTTP/1.1\r\n${fields}\r\n`, "latin1");
}

/** Three requests, two of them in HTTP/2, of which the last one goes by entries of the tables. */
function conversation(request: Buffer, isAhead: boolean): Sent[] {
  const [ofClient, ofServer] = [new HpackEncoder(), new HpackEncoder()];
  const get = { ":method": "GET", ":scheme": "http", ":path": "/second", ":authority": "a.example" };
  const first = headers(ofServer, 1, { ":status": "203", server: "x" });
  const firstBody = encodeFrame(FrameType.data, endStream, 1, "hello");
  const preface = client(Buffer.concat([PREFACE, settings, headers(ofClient, 3, get, endStream)]));
  const answer = server(Buffer.concat([Buffer.from(switching, "latin1"), settings, first, firstBody]));
  return [
    client(request),
    ...(isAhead ? [preface, answer] : [answer, preface]),
    server(headers(ofServer, 3, { ":status": "203", server: "x" }, endStream)),
    client(headers(ofClient, 5, { ...get, ":path": "/third" }, endStream)),
    server(headers(ofServer, 5, { ":status": "404" }, endStream)),
  ];
}

const rest = ["GET /second -> 203 (0/0) complete", "GET /third -> 404 (0/0) complete"];

for (const side of ["server", "client"] as const) {
  test(`a connection that goes on in HTTP/2 is followed: on the ${side}'s side`, () => {
    const segments = segmentsOf(conversation(upgradeOf("GET /first?a=b"), false), side);
    const { requests, counts, stream, skips } = trace(segments);
    assert.deepEqual(requests.map(brief), ["GET /first -> 203 (0/5) complete", ...rest]);
    const [first] = requests;
    assert.deepEqual(
      [first?.protocol, first?.host, first?.userAgent, first?.side, stream.protocol],
      ["h2", "a.example", "curl/8", side, "h2"],
    );
    // From the request of HTTP/1 to the end of the answer.
    assert.ok(first?.durationNs !== undefined && first.durationNs > 0);
    assert.deepEqual([counts.seen, counts.delivered, counts.underWay, skips], [3, 3, 0, []]);
    assert.equal(
      Object.values(counts.trouble).reduce((sum, count) => sum + count),
      0,
    );
  });
}

test("it is followed wherever its calls are cut, and where the client did not wait", () => {
  for (const isAhead of [false, true]) {
    const segments = segmentsOf(conversation(upgradeOf("GET /first"), isAhead));
    const received = segments.slice(0, 3).reduce((sum, { data }) => sum + data.length, 0);
    for (let at = 1; at < received; at++) {
      const { requests, counts } = trace(segments.flatMap((segment) => cut(segment, [at])));
      assert.deepEqual(requests.map(brief), ["GET /first -> 203 (0/5) complete", ...rest], `${isAhead} ${at}`);
      assert.deepEqual([counts.seen, counts.delivered, counts.trouble.unpairedResponses], [3, 3, 0]);
    }
  }
});

test("the body of a request that is answered in HTTP/2 counts", () => {
  const request = upgradeOf("POST /first").toString("latin1").replace("\r\n\r\n", "\r\nContent-Length: 4\r\n\r\nbody");
  const { requests } = trace(segmentsOf(conversation(Buffer.from(request, "latin1"), false)));
  assert.deepEqual(requests.map(brief), ["POST /first -> 203 (4/5) complete", ...rest]);
});

test("what asks for HTTP/2 and is given an answer of HTTP/1 stays what it is", () => {
  const ok = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const { requests } = trace(segmentsOf([client(upgradeOf("GET /a")), ok, client(upgradeOf("GET /b")), ok]));
  assert.deepEqual(requests.map(brief), ["GET /a -> 200 (0/2) complete", "GET /b -> 200 (0/2) complete"]);
});

test("where the request's body is still on its way the upgrade is told, and nothing behind it", () => {
  const request = upgradeOf("POST /a").toString("latin1").replace("\r\n\r\n", "\r\nContent-Length: 4\r\n\r\n");
  const { requests, counts } = trace(segmentsOf([client(request), server(switching), client("body")]));
  assert.deepEqual(
    requests.map(({ outcome, status }) => [outcome, status]),
    [["upgraded", 101]],
  );
  assert.equal(counts.underWay, 0);
});

test("what is unanswered on a connection that went on in HTTP/2 is aborted with it", () => {
  const { requests, counts } = trace(segmentsOf([client(upgradeOf("GET /a")), server(switching)]));
  assert.deepEqual(requests.map(brief), ["GET /a -> - (0/0) aborted"]);
  assert.deepEqual([counts.seen, counts.delivered], [1, 1]);
});

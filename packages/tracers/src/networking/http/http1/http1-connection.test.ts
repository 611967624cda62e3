import assert from "node:assert/strict";
import { test } from "node:test";
import { brief, client, type Sent, segmentsOf, server, trace } from "../testing/conversation.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const GET = "GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n";

const conversations: [what: string, conversation: Sent[], expected: string[]][] = [
  [
    "keep-alive",
    [client(GET), server(OK), client(GET), server(OK)],
    ["GET /a -> 200 (0/2) complete", "GET /a -> 200 (0/2) complete"],
  ],
  ["any method", [client("BREW /pot HTTP/1.1\r\n\r\n"), server(OK)], ["BREW /pot -> 200 (0/2) complete"]],
  [
    "odd methods",
    [client("M-SEARCH * HTTP/1.1\r\n\r\n"), server(OK), client("!#$ / HTTP/1.0\r\n\r\n"), server(OK)],
    ["M-SEARCH * -> 200 (0/2) complete", "!#$ / -> 200 (0/2) complete"],
  ],
  ["OPTIONS *", [client("OPTIONS * HTTP/1.1\r\n\r\n"), server(OK)], ["OPTIONS * -> 200 (0/2) complete"]],
  ["TRACE", [client("TRACE /a HTTP/1.1\r\n\r\n"), server(OK)], ["TRACE /a -> 200 (0/2) complete"]],
  [
    "absolute form",
    [client("GET http://u:p@b.example/a?q HTTP/1.1\r\nHost: c\r\n\r\n"), server(OK)],
    ["GET /a -> 200 (0/2) complete"],
  ],
  [
    "bare line feeds",
    [client("GET /a HTTP/1.0\nHost: a\n\n"), server("HTTP/1.0 200 OK\nContent-Length: 1\n\nx")],
    ["GET /a -> 200 (0/1) complete"],
  ],
  [
    "empty lines between",
    [client(`${GET}\r\n\r\n${GET}`), server(OK + OK)],
    ["GET /a -> 200 (0/2) complete", "GET /a -> 200 (0/2) complete"],
  ],
  [
    "no reason phrase",
    [client(GET), server("HTTP/1.1 204\r\n\r\n"), client(GET), server("HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n")],
    ["GET /a -> 204 (0/0) complete", "GET /a -> 599 (0/0) complete"],
  ],
  [
    "HEAD has no body",
    [
      client("HEAD /a HTTP/1.1\r\n\r\n"),
      server("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"),
      client(GET),
      server(OK),
    ],
    ["HEAD /a -> 200 (0/0) complete", "GET /a -> 200 (0/2) complete"],
  ],
  [
    "204 and 304 have none",
    [
      client(GET + GET + GET),
      server(
        `HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n${OK}`,
      ),
    ],
    ["GET /a -> 304 (0/0) complete", "GET /a -> 204 (0/0) complete", "GET /a -> 200 (0/2) complete"],
  ],
  [
    "chunks",
    [
      client(
        'PUT /a HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3;a="b"\r\nabc\r\n0a \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n',
      ),
      server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ],
    ["PUT /a -> 200 (13/0) complete"],
  ],
  [
    "several trailers before what was sent ahead",
    [
      client(`PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nT: x\r\nU: y\r\n\r\n${GET}`),
      server(OK + OK),
    ],
    ["PUT /a -> 200 (1/2) complete", "GET /a -> 200 (0/2) complete"],
  ],
  [
    "what follows an upgrade before it is granted",
    [
      client(`GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n${GET}`),
      server("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    ],
    ["GET /ws -> 101 (0/0) upgraded"],
  ],
  [
    "interim responses",
    [
      client(GET),
      server("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
      server(`HTTP/1.1 102 Processing\r\n\r\n${OK}`),
    ],
    ["GET /a -> 200 (0/2) complete"],
  ],
  [
    "100-continue",
    [
      client("PUT /a HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"),
      server("HTTP/1.1 100 Continue\r\n\r\n"),
      client("ab"),
      server(OK),
    ],
    ["PUT /a -> 200 (2/2) complete"],
  ],
  [
    "100-continue refused",
    [
      client("PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 500\r\n\r\n"),
      server("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"),
      client(GET),
      server(OK),
    ],
    ["PUT /a -> 417 (0/0) complete", "GET /a -> 200 (0/2) complete"],
  ],
  [
    "an answer before the body's end",
    [
      client("PUT /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nab"),
      server("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"),
      client("cd"),
      client(GET),
      server(OK),
    ],
    ["PUT /a -> 413 (4/0) complete", "GET /a -> 200 (0/2) complete"],
  ],
  [
    "an answer instead of the body's end",
    [
      client("PUT /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nab"),
      server("HTTP/1.1 413 No\r\nConnection: close\r\n\r\nno"),
    ],
    ["PUT /a -> 413 (2/2) complete"],
  ],
  [
    "an answer before the head's end",
    [client("GET /a HTTP/1.1\r\nCookie: aaaa"), server("HTTP/1.1 431 No\r\nConnection: close\r\n\r\n")],
    ["GET /a -> 431 (0/0) complete"],
  ],
  [
    "a body until the close",
    [client(GET), server("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc"), server("def")],
    ["GET /a -> 200 (0/6) complete"],
  ],
  [
    "HTTP/1.0",
    [client("GET /a HTTP/1.0\r\n\r\n"), server("HTTP/1.0 200 OK\r\n\r\nabc")],
    ["GET /a -> 200 (0/3) complete"],
  ],
  [
    "another encoding ends with the close",
    [client(GET), server("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc")],
    ["GET /a -> 200 (0/3) complete"],
  ],
  ["aborted before an answer", [client(GET)], ["GET /a -> - (0/?) aborted"]],
  [
    "aborted in the request",
    [client("PUT /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc")],
    ["PUT /a -> - (3/?) aborted"],
  ],
  [
    "aborted in the response",
    [client(GET), server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")],
    ["GET /a -> 200 (0/3) aborted"],
  ],
  [
    "aborted in chunks",
    [client(GET), server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc")],
    ["GET /a -> 200 (0/3) aborted"],
  ],
  [
    "WebSocket",
    [
      client("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
      server("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello"),
      client(GET),
      server(OK),
    ],
    ["GET /ws -> 101 (0/0) upgraded"],
  ],
  [
    "an upgrade that is not wanted",
    [client(`GET /ws HTTP/1.1\r\nUpgrade: h2c\r\n\r\n${GET}`), server(OK), server(OK)],
    ["GET /ws -> 200 (0/2) complete", "GET /a -> 200 (0/2) complete"],
  ],
  [
    "a tunnel",
    [
      client("CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n"),
      server("HTTP/1.1 200 Connection established\r\n\r\n"),
      client("\x16\x03\x01"),
      client(GET),
      server(OK),
    ],
    ["CONNECT b.example:443 -> 200 (0/0) tunnelled"],
  ],
  [
    "a tunnel that is refused",
    [
      client("CONNECT b.example:443 HTTP/1.1\r\n\r\n"),
      server("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"),
      client(GET),
      server(OK),
    ],
    ["CONNECT b.example:443 -> 407 (0/0) complete", "GET /a -> 200 (0/2) complete"],
  ],
  [
    "equal lengths may be repeated",
    [client("PUT /a HTTP/1.1\r\nContent-Length: 2, 2\r\ncontent-length: 2\r\n\r\nab"), server(OK)],
    ["PUT /a -> 200 (2/2) complete"],
  ],
  [
    "different lengths",
    [
      client("PUT /a HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab"),
      server("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"),
    ],
    ["PUT /a -> 400 (?/0) complete"],
  ],
  [
    "a length that is none",
    [
      client("PUT /a HTTP/1.1\r\nContent-Length: +2\r\n\r\nab"),
      server("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"),
    ],
    ["PUT /a -> 400 (?/0) complete"],
  ],
  [
    "length and chunks",
    [
      client("PUT /a HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      server("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"),
    ],
    ["PUT /a -> 400 (?/0) complete"],
  ],
  [
    "a request whose encoding ends nowhere",
    [client("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\nabc"), server(OK)],
    ["PUT /a -> 200 (?/2) complete"],
  ],
  [
    "a folded header",
    [
      client("GET /a HTTP/1.1\r\nX: a\r\n b\r\n\r\n"),
      server("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"),
      client(GET),
      server(OK),
    ],
    ["GET /a -> 400 (?/0) complete", "GET /a -> 200 (0/2) complete"],
  ],
  [
    "a space before the colon",
    [
      client("PUT /a HTTP/1.1\r\nContent-Length : 2\r\n\r\nab"),
      server("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"),
    ],
    ["PUT /a -> 400 (?/0) complete"],
  ],
  [
    "chunks of no size",
    [
      client("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
      server("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"),
    ],
    ["PUT /a -> 400 (?/0) complete"],
  ],
  [
    "a response nobody asked for",
    [client(GET), server(OK), server("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")],
    ["GET /a -> 200 (0/2) complete"],
  ],
];

for (const [what, conversation, expected] of conversations) {
  test(`HTTP/1: ${what}`, () => {
    const { requests, counts } = trace(segmentsOf(conversation));
    assert.deepEqual(requests.map(brief), expected);
    assert.equal(counts.underWay, 0);
  });
}

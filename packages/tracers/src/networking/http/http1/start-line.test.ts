import assert from "node:assert/strict";
import { test } from "node:test";
import { mayBecomeStartLine, parseStartLine } from "./start-line.ts";

function kindOf(line: string): string | undefined {
  const bytes = Buffer.from(line, "latin1");
  return parseStartLine(bytes, 0, bytes.length)?.kind;
}

const requests = [
  "GET / HTTP/1.1",
  "GET /\xff HTTP/1.0",
  "A * HTTP/1.9",
  "CONNECT a:1 HTTP/1.1",
  "GET http://a HTTP/1.1",
  `${"M".repeat(32)} / HTTP/1.1`,
];
const responses = ["HTTP/1.1 200 OK", "HTTP/1.0 200", "HTTP/1.1 999 ", "HTTP/1.1 200 \xe4 b c"];

test("first lines are told from each other", () => {
  for (const line of requests) assert.equal(kindOf(line), "request", line);
  for (const line of responses) assert.equal(kindOf(line), "response", line);
});

test("each part of a first line may become one", () => {
  for (const line of [...requests, ...responses]) {
    const bytes = Buffer.from(line, "latin1");
    for (let end = 1; end <= bytes.length; end++)
      assert.equal(mayBecomeStartLine(bytes, 0, end), true, line.slice(0, end));
  }
});

test("what is no first line is not taken for one", () => {
  for (const line of [
    ...[
      "",
      "GET",
      "GET /",
      "GET / HTTP/1.",
      "GET / HTTP/1.x",
      "GET / HTTP/2.0",
      "GET / http/1.1",
      "GET /HTTP/1.1",
      "GET  / HTTP/1.1",
    ],
    ...[
      "GET /a b HTTP/1.1",
      "GET /a\x01b HTTP/1.1",
      "GET /a\x7f HTTP/1.1",
      "GET a HTTP/1.1",
      "GET a: HTTP/1.1",
      " GET / HTTP/1.1",
    ],
    ...[
      "G(T / HTTP/1.1",
      `${"M".repeat(33)} / HTTP/1.1`,
      "HTTP/1.1 20 OK",
      "HTTP/1.1 2000 OK",
      "HTTP/1.1 099 OK",
      "HTTP/1.1 2x0 OK",
    ],
    ...["HTTP/1.1  200", "HTTP/2.0 200 OK", "HTTP/1.1 200\tOK", "PRI * HTTP/2.0"],
  ]) {
    assert.equal(kindOf(line), undefined, line);
  }
});

test("what cannot become a first line any more is known without its end", () => {
  for (const text of [" ", "G(", "GET  ", "GET a ", "GET a:x", "M".repeat(33), "\x16\x03\x01"]) {
    assert.equal(mayBecomeStartLine(Buffer.from(text, "latin1"), 0, text.length), false, text);
  }
});

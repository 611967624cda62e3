import assert from "node:assert/strict";
import { test } from "node:test";
import { client, segmentsOf, server, trace } from "./testing/conversation.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const GET = "GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n";

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

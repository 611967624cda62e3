import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRequestEvent } from "@skep/tracers/networking";
import fc from "fast-check";
import { displayWidth, printable } from "../output/text.ts";
import { httpRequest } from "../testing/network-reports.ts";
import { formatHttpRequest, requestLines } from "./http-line.ts";

/** The time of day depends on where the test runs. */
const withoutTime = (line: string) => line.replace(/^\d\d:\d\d:\d\d\.123/, "");

test("the first line stands below titles", () => {
  const lineOf = requestLines(() => undefined);
  const [titles, first] = lineOf(httpRequest()).split("\n");
  assert.equal(titles, "TIME            TOOK  STATUS     SIZE  SIDE        REQUEST AND PROCESS");
  assert.equal(withoutTime(first ?? ""), "   31 ms  200      4.1 kB  server      GET /users/4711  node (4242)");
  assert.equal(withoutTime(lineOf(httpRequest())), `${withoutTime(first ?? "")}\n`);
});

test("80 columns leave out the size", () => {
  const lineOf = requestLines(() => 80);
  const [titles, first] = lineOf(httpRequest({ tls: true, path: `/${"long/".repeat(20)}end` })).split("\n");
  assert.equal(titles, "TIME            TOOK  STATUS   SIDE        REQUEST AND PROCESS");
  assert.equal(withoutTime(first ?? ""), "   31 ms  200      server tls  GET /long/lon…g/long/end  node (4242)");
});

const statuses: readonly [what: string, event: Partial<HttpRequestEvent>, text: string][] = [
  ["a gRPC status", { grpcStatus: 14 }, "grpc 14"],
  ["a request that was given up", { outcome: "aborted" }, "aborted"],
  ["an upgrade", { outcome: "upgraded", status: 101 }, "101"],
  ["a tunnel", { outcome: "tunnelled" }, "200"],
];

for (const [what, event, text] of statuses) {
  test(`status of ${what}`, () =>
    assert.match(formatHttpRequest(httpRequest(event), undefined), new RegExp(` ${text} `)));
}

const requests: readonly [what: string, event: Partial<HttpRequestEvent>, text: string][] = [
  ["with its query, if that was kept", { query: "a=1" }, "GET /users/4711?a=1"],
  ["by its method, of gRPC", { grpcMethod: "a.Users/Get" }, "a.Users/Get"],
];

for (const [what, event, text] of requests) {
  test(`a request is told ${what}`, () =>
    assert.ok(formatHttpRequest(httpRequest(event), undefined).includes(`  ${text}  node`)));
}

test("what is not known is a question mark", () => {
  const { method: _, path: _p, status: _s, durationNs: _d, responseBytes: _r, ...known } = httpRequest();
  const { host: _h, ...unknown } = known;
  assert.equal(
    withoutTime(formatHttpRequest({ ...unknown, outcome: "unanswered" }, undefined)),
    "          open             server      ? ?  node (4242)",
  );
  assert.ok(formatHttpRequest({ ...known, method: "CONNECT" }, undefined).includes("CONNECT localhost:8080"));
});

test("whatever paths and processes are called, a line is one line, and fits", () => {
  const name = fc.oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 }),
    fc.constantFrom("\x1b[2J\x1b[31mroot", "\u202eevil", "日本語".repeat(20), "a\nb"),
  );
  fc.assert(
    fc.property(name, name, fc.integer({ min: 80, max: 200 }), (path, processName, columns) => {
      const event = httpRequest({ path, process: { pid: 4_194_303, name: processName } });
      const line = formatHttpRequest(event, columns);
      assert.equal(line, printable(line));
      assert.ok(displayWidth(line) <= columns, line);
    }),
  );
});

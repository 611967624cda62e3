import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hostText, splitTarget } from "./url.ts";

test("a target is taken apart, without its secrets", () => {
  for (const [target, parts] of [
    ["/", { path: "/" }],
    ["/a/b", { path: "/a/b" }],
    ["/a?token=1", { path: "/a" }],
    ["/a#part?x", { path: "/a" }],
    ["/a@b:c/d", { path: "/a@b:c/d" }],
    ["//a:b@c/d", { path: "//a:b@c/d" }],
    ["*", { path: "*" }],
    ["http://a.example", { path: "/", host: "a.example", scheme: "http" }],
    ["http://a.example?x=1", { path: "/", host: "a.example", scheme: "http" }],
    ["HTTPS://user:pass@a.example:8443/b/c?d#e", { path: "/b/c", host: "a.example:8443", scheme: "https" }],
    ["http://u@v@a.example/", { path: "/", host: "a.example", scheme: "http" }],
    ["ftp://a.example/b", { path: "/b", host: "a.example" }],
    ["http:///b", { path: "/b", scheme: "http" }],
  ] as const) {
    assert.deepEqual(splitTarget(target, false), parts, target);
  }
});

test("a query is kept where it was asked for", () => {
  assert.deepEqual(splitTarget("/a?b=1&c?d#e", true), { path: "/a", query: "b=1&c?d" });
  assert.deepEqual(splitTarget("/a?", true), { path: "/a", query: "" });
  assert.deepEqual(splitTarget("/a", true), { path: "/a" });
});

test("long paths and queries are cut", () => {
  const { path, query } = splitTarget(`/${"a".repeat(5000)}?${"b".repeat(5000)}`, true);
  assert.equal(path?.length, 1024);
  assert.equal(query?.length, 1024);
});

test("a host is what can be one", () => {
  for (const [text, host] of [
    ["a.example:80", "a.example:80"],
    ["[::1]:80", "[::1]:80"],
    ["user:pass@a.example", "a.example"],
    ["", undefined],
    ["a b", undefined],
    ["a/b", undefined],
    ["a\0", undefined],
    ["a".repeat(256), undefined],
  ] as const) {
    assert.equal(hostText(text), host, text);
  }
});

test("user and password are never in what is kept", () => {
  const secret = fc.stringMatching(/^[\w.~!$&'()*+,;=%-]{1,8}$/);
  fc.assert(
    fc.property(
      secret,
      secret,
      fc.domain(),
      fc.constantFrom("", "/", "/a", "?q", "/a?q"),
      (user, password, host, rest) => {
        const parts = splitTarget(`http://${user}:${password}@${host}${rest}`, true);
        assert.deepEqual(parts, splitTarget(`http://${host}${rest}`, true));
        assert.equal(parts.host, host);
      },
    ),
    { numRuns: 50 },
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { joinPath } from "./path-text.ts";

const TRUNCATED = 1;
const DELETED = 2;
const UNREACHABLE = 4;
const APART = 8;

function names(...leafFirst: readonly string[]): Uint8Array {
  return new TextEncoder().encode(leafFirst.map((name) => `${name}\0`).join(""));
}

test("names come leaf first and become a path from the root", () => {
  for (const [bytes, flags, path] of [
    [names(), 0, "/"],
    [names("bin"), 0, "/bin"],
    [names("true", "bin", "usr"), 0, "/usr/bin/true"],
    [names("a\nb", "with space", "ü"), 0, "/ü/with space/a\nb"],
    [names("true", "bin"), TRUNCATED, ".../bin/true"],
    [names(), TRUNCATED, ".../"],
    [names("memfd:code"), APART, "memfd:code"],
    [names(""), APART, ""],
  ] as const) {
    assert.equal(joinPath(bytes, flags).path, path);
  }
});

test("flags say what is to be known about the path", () => {
  const plain = { path: "/a", deleted: false, truncated: false, unreachable: false };
  assert.deepEqual(joinPath(names("a"), 0), plain);
  assert.deepEqual(joinPath(names("a"), DELETED), { ...plain, deleted: true });
  assert.deepEqual(joinPath(names("a"), UNREACHABLE), { ...plain, unreachable: true });
  assert.deepEqual(joinPath(names("a"), TRUNCATED | DELETED), {
    path: ".../a",
    deleted: true,
    truncated: true,
    unreachable: false,
  });
});

test("bytes that are no UTF-8, or no names, still become a path", () => {
  assert.equal(joinPath(Uint8Array.of(0xff, 0x41, 0, 0x62, 0), 0).path, "/b/\ufffdA");
  // What no NUL ends was never finished.
  assert.equal(joinPath(Uint8Array.of(0x61, 0, 0x62), 0).path, "/a");
  assert.equal(joinPath(Uint8Array.of(0x61), 0).path, "/");
  for (let round = 0; round < 1000; round++) {
    const bytes = crypto.getRandomValues(new Uint8Array(round));
    const { path } = joinPath(bytes, round & (TRUNCATED | DELETED | UNREACHABLE));
    assert.match(path, /^(\.\.\.)?\//);
    assert.equal(path.includes("\0"), false);
  }
});

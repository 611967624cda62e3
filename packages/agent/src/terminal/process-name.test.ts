import assert from "node:assert/strict";
import { test } from "node:test";
import { cutProcess, formatProcess } from "./process-name.ts";

test("the name is made harmless and cut, the pid stays whole", () => {
  assert.equal(formatProcess({ name: "a\x1b[2J", pid: 7 }), "a\\x1b[2J (7)");
  assert.equal(cutProcess("nginx (4242)", 12), "nginx (4242)");
  assert.equal(cutProcess("nginx-worker (4242)", 14), "ngi…ker (4242)");
  assert.equal(cutProcess("a (b) (4242)", 10), "a…) (4242)");
  assert.equal(cutProcess("3 processes", 8), "3 p…sses");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { incompleteLines } from "./incomplete.ts";

test("says how much is incomplete, and in what way", () => {
  assert.deepEqual(incompleteLines({ truncated: 0, exited: 0 }), []);
  assert.deepEqual(incompleteLines({ truncated: 3, exited: 1234, "new\u001b reason": 1 }), [
    "3 deeper than 127 frames",
    "1,234 of processes that exited before they could be looked up",
    "1 new\\x1b reason",
  ]);
});

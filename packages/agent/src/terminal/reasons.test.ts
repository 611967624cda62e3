import assert from "node:assert/strict";
import { test } from "node:test";
import { incompleteLines, lostLines, sumOfReasons } from "./reasons.ts";

test("says how much is incomplete, and in what way", () => {
  const meanings = { exited: "of processes that exited before they could be looked up" };
  assert.deepEqual(incompleteLines({ truncated: 0, exited: 0 }, meanings), []);
  assert.deepEqual(incompleteLines({ truncated: 3, exited: 1234, "new\u001b reason": 1 }, meanings), [
    "",
    "incomplete:",
    "  3 truncated",
    "  1,234 of processes that exited before they could be looked up",
    "  1 new\\x1b reason",
  ]);
});

test("says what was lost by reason, and nothing where nothing was", () => {
  assert.deepEqual(lostLines({ full: 0 }), []);
  assert.deepEqual(lostLines({ full: 1200, exited: 0, "a\nb": 3 }), ["lost: full 1,200, a\\x0ab 3"]);
  assert.equal(sumOfReasons({ full: 1200, exited: 0, other: 3 }), 1203);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { HistoryExtent, RangeAnswer } from "skep/answers";
import { emptyText, inWords, noticesOf, reasonsText } from "./notices.ts";

const on = { name: "cpu", state: "on", sinceUnixMs: 0, samplingFactor: 1 } as const;
const whole: RangeAnswer = {
  covered: { fromMs: 0, toMs: 60_000 },
  measuredNs: 60e9,
  tracer: on,
  lost: {},
  incomplete: {},
};
const times = { fromMs: 0, toMs: 60_000 };

function texts(changes: Partial<RangeAnswer>, history?: Partial<HistoryExtent>): string[] {
  return noticesOf({ ...whole, ...changes }, times, history as HistoryExtent | undefined).map(({ text }) => text);
}

test("what is whole needs no words", () => assert.deepEqual(texts({}), []));

test("losses are told by reason, the largest first", () => {
  assert.deepEqual(texts({ lost: { stacksFull: 3, countsFull: 9, other: 0 }, incomplete: { truncated: 2 } }), [
    "12 lost in this time (counts full 9, stacks full 3).",
    "Not whole: truncated 2.",
  ]);
  assert.equal(reasonsText({ ENOENT: 5, E2BIG: 7 }), "E2BIG 7, ENOENT 5");
  assert.equal(inWords("childrenNotFollowed"), "children not followed");
});

test("a tracer that is off or reduced is told of, with what to do", () => {
  const [text] = texts({
    tracer: { ...on, state: "reduced", samplingFactor: 10, reason: "above the budget", hint: "raise it" },
  });
  assert.match(text ?? "", /^The cpu tracer is reduced since .*, 1 in 10 is seen: above the budget; raise it\.$/);
});

test("gaps and dropped details are told of", () => {
  assert.deepEqual(texts({ measuredNs: 20e9 }), ["Seen for 20.0 s of 1 min: the tracer was off in between."]);
  assert.match(
    texts({}, { detailsFromMs: 30_000 })[0] ?? "",
    /^Details from before .* were dropped, for lack of memory\.$/,
  );
});

test("an empty view says why", () => {
  const { tracer: _, ...without } = whole;
  const { covered: __, ...uncovered } = whole;
  assert.equal(emptyText(undefined, "x"), "Loading …");
  assert.equal(emptyText(without, "x"), "The first round is still being measured.");
  assert.equal(
    emptyText({ ...whole, tracer: { ...on, state: "off" } }, "x"),
    "Nothing is known: the cpu tracer is off.",
  );
  assert.equal(emptyText(uncovered, "x"), "Nothing was measured in this time.");
  assert.equal(emptyText(whole, "Nothing ran"), "Nothing ran in 60 seconds.");
});

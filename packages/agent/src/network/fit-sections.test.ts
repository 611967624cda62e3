import assert from "node:assert/strict";
import { test } from "node:test";
import { fitSections, type Section } from "./fit-sections.ts";

const section = (count: number, weight: number, around = 2): Section => ({
  what: "rows",
  count,
  weight,
  around,
  lines: () => [],
});

/** The lines that are used. */
function taken(sections: readonly Section[], shown: readonly number[]): number {
  return sections.reduce((sum, { count, around }, index) => {
    const rows = shown[index] ?? 0;
    return rows === 0 ? sum : sum + around + rows + (count > rows ? 1 : 0);
  }, 0);
}

const cases: readonly [what: string, sections: readonly Section[], lines: number, shown: readonly number[]][] = [
  ["all, where there is room", [section(3, 1), section(2, 1)], 9, [3, 2]],
  ["nothing of what has no rows", [section(0, 1), section(2, 1)], 9, [0, 2]],
  ["as the weights say", [section(100, 2), section(100, 1)], 21, [10, 5]],
  ["what the one has no use for goes to the other", [section(2, 9), section(100, 1)], 20, [2, 13]],
  ["the first ones, where there is no room for all", [section(9, 1), section(9, 1), section(9, 1)], 9, [2, 1, 0]],
  ["a smaller one behind one that does not fit", [section(9, 1), section(9, 1, 9), section(1, 1)], 8, [2, 0, 1]],
];

for (const [what, sections, lines, expected] of cases) {
  test(what, () => {
    const shown = fitSections(sections, lines);
    assert.deepEqual(shown, expected);
    assert.ok(taken(sections, shown) <= lines);
  });
}

test("never more lines than there are, and none is left while rows are wanting", () => {
  for (let lines = 0; lines < 60; lines++) {
    const sections = [section(20, 8), section(7, 4), section(3, 2, 4), section(11, 2), section(1, 1)];
    const shown = fitSections(sections, lines);
    assert.ok(taken(sections, shown) <= lines, `${lines}`);
    if (shown.every((rows) => rows > 0))
      assert.ok(lines - taken(sections, shown) <= 1 || taken(sections, shown) === 54);
  }
});

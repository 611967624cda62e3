import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "./examine.ts";
import type { Check } from "./report.ts";

const check = (name: string, status: Check["status"]): Check => ({ name, status, detail: "" });

const cases: readonly [checks: readonly Check[], works: boolean, verdict: string][] = [
  [[check("a", "yes")], true, "Skep works here"],
  [[check("a", "yes"), check("b", "limited")], true, "Skep works here, with limits: see b"],
  [[check("a", "no"), check("b", "limited")], false, "Skep does not work here in full: see a"],
];

for (const [checks, works, verdict] of cases) {
  test(verdict, () => assert.deepEqual(judge(checks), { works, verdict, advice: [] }));
}

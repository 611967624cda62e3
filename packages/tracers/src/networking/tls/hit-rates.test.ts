import assert from "node:assert/strict";
import { test } from "node:test";
import { HitRates } from "./hit-rates.ts";

function ratesAt(mostPerSecond: number): { readonly rates: HitRates; readonly at: (ms: number) => void } {
  let now = 0;
  return {
    rates: new HitRates(mostPerSecond, () => now),
    at: (ms) => {
      now = ms;
    },
  };
}

test("a process above the rate is found, by what came since the last look", () => {
  const { rates, at } = ratesAt(1000);
  at(1000);
  assert.deepEqual(rates.look([[1, 900n]]), []);
  at(2000);
  assert.deepEqual(
    rates.look([
      [1, 1900n],
      [2, 5000n],
    ]),
    [{ pid: 2, hitsPerSecond: 5000 }],
  );
  at(4000);
  assert.deepEqual(
    rates.look([
      [1, 1900n],
      [2, 6000n],
    ]),
    [],
  );
});

test("a look that comes too soon is none", () => {
  const { rates, at } = ratesAt(1000);
  at(100);
  assert.deepEqual(rates.look([[1, 900n]]), []);
  at(600);
  assert.deepEqual(rates.look([[1, 900n]]), [{ pid: 1, hitsPerSecond: 1500 }]);
});

test("hits are summed up, though the kernel forgets some processes", () => {
  const { rates, at } = ratesAt(Infinity);
  assert.equal(rates.total([[1, 10n]]), 10);
  at(1000);
  rates.look([
    [1, 10n],
    [2, 5n],
  ]);
  assert.equal(
    rates.total([
      [1, 12n],
      [2, 5n],
    ]),
    17,
  );
  at(2000);
  // The first one is gone, the second one was forgotten and began anew.
  rates.look([[2, 3n]]);
  assert.equal(rates.total([[2, 4n]]), 19);
});

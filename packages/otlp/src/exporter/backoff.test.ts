import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { retryDelayMs } from "./backoff.ts";

const settings = { initialDelayMs: 1_000, maxDelayMs: 30_000 };

test("intervals double up to the maximum", () => {
  const delays = Array.from({ length: 8 }, (_, index) => retryDelayMs(settings, index + 1, undefined, 0));
  assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(retryDelayMs(settings, 10_000, undefined, 0), 30_000);
});

test("chance takes up to half, and what the receiver asks for, up to an hour, is the least", () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.option(fc.nat(), { nil: undefined }),
      chance,
      (failures, asked, random) => {
        const interval = Math.min(30_000, 1_000 * 2 ** (failures - 1));
        const delay = retryDelayMs(settings, failures, asked, random);
        // Of chances next to 1 rounding makes half.
        assert.ok(delay >= interval / 2);
        assert.ok(delay >= Math.min(asked ?? 0, 3_600_000));
        assert.ok(delay <= Math.max(interval, Math.min(asked ?? 0, 3_600_000)));
      },
    ),
  );
});

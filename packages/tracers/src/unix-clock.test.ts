import assert from "node:assert/strict";
import { test } from "node:test";
import { UnixClock } from "./unix-clock.ts";

const MS = 1_000_000n;

/** Clocks that only move when they are told to, and differ by what they are told. */
class TestClocks {
  now = 5_000_000_000n;
  difference = 1_700_000_000_000_400_000n;

  monotonicNs(): bigint {
    this.now += 50n;
    return this.now;
  }

  unixMs(): number {
    return Number((this.now + this.difference) / MS);
  }
}

function errorNs(clock: UnixClock, clocks: TestClocks): number {
  return Math.abs(Number(clock.toUnixNs(clocks.now) - (clocks.now + clocks.difference)));
}

test("one look finds the wall clock to the millisecond, many to a fraction of it", () => {
  const clocks = new TestClocks();
  const clock = new UnixClock(clocks);
  assert.ok(errorNs(clock, clocks) <= 1_000_100);
  for (let round = 0; round < 200; round++) {
    clocks.now += 100n * MS + BigInt(round) * 7_919n;
    clock.adjust();
  }
  assert.ok(errorNs(clock, clocks) < 20_000, `${errorNs(clock, clocks)} ns`);
});

test("a step of the wall clock is followed at the next look", () => {
  for (const step of [3_600_000n * MS, -3_600_000n * MS, 5n * MS, -5n * MS]) {
    const clocks = new TestClocks();
    const clock = new UnixClock(clocks);
    clocks.difference += step;
    clock.adjust();
    assert.ok(errorNs(clock, clocks) <= 1_000_100, `${step}`);
  }
});

test("the system's clocks give the time of day", () => {
  const clock = new UnixClock();
  const before = BigInt(Date.now()) * MS;
  const now = clock.toUnixNs(process.hrtime.bigint());
  const after = BigInt(Date.now() + 1) * MS;
  assert.ok(now >= before - MS && now <= after + MS, `${before} ${now} ${after}`);
});

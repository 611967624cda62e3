import assert from "node:assert/strict";
import { test } from "node:test";
import type { Round, TracerName } from "../pipeline/round.ts";
import { plainRound } from "../pipeline/testing/plain-round.ts";
import type { TracerChange } from "../pipeline/tracer-settings.ts";
import { type GovernedPipeline, Governor } from "./governor.ts";

/** Notes what it is told to change. */
class Pipeline implements GovernedPipeline {
  readonly changes: [TracerName, TracerChange][] = [];
  readonly runTimes = [];

  async change(name: TracerName, change: TracerChange): Promise<void> {
    this.changes.push([name, change]);
  }
}

const tracers = { syscalls: { calls: ["read"] }, files: {}, cpu: { frequencyHz: 19 } };

function roundWith(callsPerSecond: number): Round {
  return plainRound({
    syscalls: {
      timeUnixNs: 0n,
      durationNs: 1e10,
      syscalls: [{ name: "read", compat: false, calls: 10 * callsPerSecond, errors: {} }],
      processes: [],
      lost: { recursion: 0 },
      incomplete: { startNotSeen: 0, unattributed: 0, evicted: 0, childrenNotFollowed: 0 },
    },
    tracers: (["cpu", "syscalls", "files"] as const).map((name) => ({
      name,
      state: "on",
      sinceUnixMs: 0,
      samplingFactor: 1,
    })),
  });
}

function governed(cpuPercent: number) {
  const pipeline = new Pipeline();
  const onProblem = ({ message }: { readonly message: string }) => assert.fail(message);
  return { pipeline, governor: new Governor({ pipeline, tracers, cpuPercent, onProblem }) };
}

test("a million calls a second are too many for each tracer of system calls, and the reason is told", async () => {
  const { pipeline, governor } = governed(1);
  using _governor = governor;
  governor.read(roundWith(10_000));
  assert.deepEqual(pipeline.changes, []);
  governor.read(roundWith(1_000_000));
  await new Promise(setImmediate);
  const changed = Object.fromEntries(pipeline.changes);
  assert.deepEqual(Object.keys(changed).toSorted(), ["files", "syscalls"]);
  assert.match(
    changed["files"]?.reason ?? "",
    /^Skep took [1-9]\d?(\.\d)? % of the machine, and may take 1 %: it is off$/,
  );
  assert.equal(changed["files"]?.settings, undefined);
});

test("what is left by a step down keeps the rest of what was configured", async () => {
  const { pipeline, governor } = governed(10);
  using _governor = governor;
  for (let calls = 100_000; pipeline.changes.length === 0; calls *= 1.1) {
    governor.read(roundWith(calls));
    await new Promise(setImmediate);
  }
  assert.deepEqual(pipeline.changes[0]?.[0], "syscalls");
  assert.deepEqual(pipeline.changes[0]?.[1].settings, { calls: ["read"], latencies: false });
});

test("a round that a change has cut short decides nothing", async () => {
  const { pipeline, governor } = governed(1);
  using _governor = governor;
  governor.read({ ...roundWith(1_000_000), durationNs: 1e8 });
  await new Promise(setImmediate);
  assert.deepEqual(pipeline.changes, []);
});

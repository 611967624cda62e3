import assert from "node:assert/strict";
import { availableParallelism, totalmem } from "node:os";
import { test } from "node:test";
import fc from "fast-check";
import { busyShare, HostSampler, parseCpuTimes, parseLoadAverages, parseMemory } from "./host-sampler.ts";

const stat = `cpu  300 10 200 5000 40 7 3 5 0 0
cpu0 200 10 100 2500 20 7 1 5 0 0
cpu3 100 0 100 2500 20 0 2 0 0 0
intr 123 0 9
ctxt 99
`;

test("the lines of /proc/stat give nanoseconds by mode, of all CPUs and of each", () => {
  assert.deepEqual(parseCpuTimes(stat), [
    {
      number: undefined,
      timeNs: { user: 3e9, nice: 1e8, system: 2e9, idle: 5e10, iowait: 4e8, interrupt: 1e8, steal: 5e7 },
    },
    { number: 0, timeNs: { user: 2e9, nice: 1e8, system: 1e9, idle: 25e9, iowait: 2e8, interrupt: 8e7, steal: 5e7 } },
    { number: 3, timeNs: { user: 1e9, nice: 0, system: 1e9, idle: 25e9, iowait: 2e8, interrupt: 2e7, steal: 0 } },
  ]);
});

function times(user: number, idle: number, iowait = 0) {
  return { number: 0, timeNs: { user, nice: 0, system: 0, idle, iowait, interrupt: 0, steal: 0 } };
}

const shares: readonly [name: string, Parameters<typeof busyShare>, number][] = [
  ["of a CPU that was busy a quarter of the time", [times(0, 0), times(1e9, 3e9)], 0.25],
  ["without what it waited for a disk", [times(0, 0), times(1e9, 2e9, 1e9)], 0.25],
  ["of a CPU whose I/O wait stepped back", [times(0, 0, 1e9), times(1e9, 1e9, 0)], 0.5],
  ["of no time at all", [times(1e9, 1e9), times(1e9, 1e9)], 0],
  ["of a CPU that has just come online", [undefined, times(1e9, 1e9)], 0],
];

for (const [name, [before, now], expected] of shares) {
  test(`the busy share ${name} is ${expected}`, () => {
    assert.equal(busyShare(before, now), expected);
  });
}

test("the states of memory add up to all of it", () => {
  const memory = parseMemory(`MemTotal:        8000 kB
MemFree:         1000 kB
MemAvailable:    5000 kB
Buffers:          500 kB
Cached:          2000 kB
SwapCached:         7 kB
SReclaimable:     300 kB
`);
  assert.deepEqual(memory, {
    total: 8000 * 1024,
    used: 4200 * 1024,
    free: 1000 * 1024,
    buffers: 500 * 1024,
    cached: 2300 * 1024,
    available: 5000 * 1024,
  });
});

test("a sample of this machine knows its CPUs and its memory", () => {
  const { cpus, memory, loadAverages, cpuTimeNs } = new HostSampler().sample();
  assert.ok(cpus.length >= availableParallelism());
  for (const { busyShare } of cpus) assert.ok(busyShare >= 0 && busyShare <= 1);
  assert.equal(memory.total, totalmem());
  assert.equal(memory.used + memory.free + memory.buffers + memory.cached, memory.total);
  assert.ok(cpuTimeNs.idle > 0);
  assert.ok(loadAverages.every((average) => average >= 0));
});

test("any text is a sample of something", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseMemory(text);
      parseCpuTimes(`cpu${text}`);
      assert.ok(parseLoadAverages(text).every(Number.isFinite));
    }),
  );
});

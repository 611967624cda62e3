import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProcessImage, SymbolizedFrame } from "@skep/symbols";
import { OpenIntervals } from "./open-intervals.ts";
import { ProcessImages } from "./process-images.ts";
import { SampleStore } from "./sample-store.ts";
import type { SampleKey } from "./sample-table.ts";
import { StackResolver } from "./stack-resolver.ts";

function frame(name: string, address: bigint, path = "/m"): SymbolizedFrame {
  return {
    name,
    address,
    mapping: { name: "m", path, startAddress: 0n, limitAddress: 1n, fileOffset: 0n },
    kind: "native",
    symbolized: true,
  };
}

const released: number[] = [];

/** Names every address after itself, and says by which rule it was looked up. */
const symbolizer = {
  resolveKernel: (address: bigint, { isReturnAddress }: { isReturnAddress: boolean }): SymbolizedFrame =>
    frame(address < 100n ? `bpf_prog_${address}` : `k${address}${isReturnAddress ? "-1" : ""}`, address),
  resolveUser: (
    image: ProcessImage,
    address: bigint,
    { isReturnAddress }: { isReturnAddress: boolean },
  ): SymbolizedFrame =>
    frame(`${image.name}:${address}${isReturnAddress ? "-1" : ""}`, address, address < 100n ? "[unknown]" : "/m"),
  prepareUser: ({ pid }: ProcessImage): boolean => pid === 2,
  refreshJitNames: (): void => undefined,
  releaseProcess: ({ pid }: ProcessImage): void => void released.push(pid),
  captureProcess: (pid: number): ProcessImage | undefined =>
    pid === 404 ? undefined : ({ pid, name: `program-${pid}` } as ProcessImage),
};

const current = new Map<number, bigint>([
  [1, 10n],
  [2, 20n],
  [404, 40n],
]);

function store(mode: "on-cpu" | "off-cpu", periodNs?: number): SampleStore {
  const images = new ProcessImages(symbolizer, (pid, imageNs) => current.get(pid) === imageNs, 100);
  return new SampleStore(images, new StackResolver(symbolizer, mode), periodNs);
}

function key(fields: Partial<SampleKey> = {}): SampleKey {
  return { kernelStack: 0n, userStack: 5n, imageNs: 10n, pid: 1, tid: 1, threadName: "main", ...fields };
}

const names = (stack: readonly SymbolizedFrame[]): string[] => stack.map(({ name }) => name);

test("rows of the same thread and stack add up; values are count and nanoseconds", () => {
  const samples = store("on-cpu", 1e9 / 99);
  samples.addStack(5n, BigUint64Array.of(1000n, 2000n));
  samples.add(key(), 2, 0);
  samples.add(key(), 1, 0);
  samples.add(key({ tid: 7 }), 4, 0);
  const { samples: taken, sampleCount } = samples.take();
  assert.equal(sampleCount, 7);
  assert.deepEqual(
    taken.map(({ threadId, values, stack }) => ({ threadId, values, stack: names(stack) })),
    [
      { threadId: 1, values: [3, 30303030], stack: ["program-1:1000", "program-1:2000-1"] },
      { threadId: 7, values: [4, 40404040], stack: ["program-1:1000", "program-1:2000-1"] },
    ],
  );
  assert.equal(samples.take().sampleCount, 0, "taken is gone");
});

test("the kernel's frames lie on top of the program's; only the place the CPU was at is no return address", () => {
  const samples = store("on-cpu", 1);
  samples.addStack(5n, BigUint64Array.of(1000n));
  samples.addStack(6n, BigUint64Array.of(300n, 400n));
  samples.add(key({ kernelStack: 6n }), 1, 0);
  const [sample] = samples.take().samples;
  assert.deepEqual(names(sample?.stack ?? []), ["k300", "k400-1", "program-1:1000"]);
});

test("off the CPU the switch itself is cut from the top of the stack", () => {
  const samples = store("off-cpu");
  samples.addStack(6n, BigUint64Array.of(1n, 2n, 300n, 3n));
  samples.add(key({ kernelStack: 6n, userStack: 0n }), 1, 50);
  const [sample] = samples.take().samples;
  assert.deepEqual(names(sample?.stack ?? []), ["k300-1", "bpf_prog_3"]);
  assert.deepEqual(sample?.values, [1, 50]);
});

test("return addresses outside of all code are cut from the end of the stack, not from its middle", () => {
  for (const [addresses, expected] of [
    [
      [1000n, 7n, 2000n, 8n, 9n],
      ["program-1:1000", "program-1:7-1", "program-1:2000-1"],
    ],
    [[7n, 8n], ["program-1:7"]],
  ] as const) {
    const samples = store("on-cpu", 1);
    samples.addStack(5n, BigUint64Array.from(addresses));
    samples.add(key(), 1, 0);
    assert.deepEqual(names(samples.take().samples[0]?.stack ?? []), expected);
  }
});

test("a process that has exited, or is another program by now, is counted and not guessed", () => {
  const samples = store("on-cpu", 1);
  samples.addStack(5n, BigUint64Array.of(1000n));
  samples.add(key({ pid: 404, imageNs: 40n, threadName: "gone" }), 2, 0);
  samples.add(key({ pid: 2, imageNs: 19n, threadName: "before-exec" }), 3, 0);
  const { samples: taken, exited } = samples.take();
  assert.equal(exited, 5);
  assert.deepEqual(
    taken.map(({ process, stack }) => [process.name, ...names(stack)]),
    [
      ["gone", "[exited]"],
      ["before-exec", "[exited]"],
    ],
  );
});

test("a row whose stack cannot be found is lost, and counted", () => {
  const samples = store("on-cpu", 1);
  samples.add(key({ userStack: 99n }), 4, 0);
  samples.add(key({ kernelStack: 98n, userStack: 0n }), 1, 0);
  const { samples: taken, stackMissing } = samples.take();
  assert.deepEqual([taken.length, stackMissing], [0, 5]);
});

test("stacks are forgotten at the second call, the excepted ones stay", () => {
  const samples = store("off-cpu");
  samples.addStack(5n, BigUint64Array.of(1000n));
  samples.addStack(6n, BigUint64Array.of(2000n));
  const count = (): number[] => {
    samples.add(key(), 1, 1);
    samples.add(key({ userStack: 6n }), 1, 1);
    const { sampleCount, stackMissing } = samples.take();
    return [sampleCount, stackMissing];
  };
  samples.forgetStacks(new Set([5n]));
  assert.deepEqual(count(), [2, 0], "a row may still be on its way");
  samples.forgetStacks(new Set([5n]));
  assert.deepEqual(count(), [1, 1]);
});

test("an interval that is open at two snapshots and then ends sums to its length, once", () => {
  const samples = store("off-cpu");
  samples.addStack(5n, BigUint64Array.of(1000n));
  const open = new OpenIntervals();
  const totals: number[][] = [];
  const snapshot = (intervals: readonly number[]): void => {
    open.settle(
      samples,
      intervals.map((elapsedNs) => ({ key: key(), elapsedNs })),
    );
    const [sample] = samples.take().samples;
    totals.push([...(sample?.values ?? [])]);
  };
  snapshot([100]);
  snapshot([250]);
  samples.add(key(), 1, 300);
  snapshot([]);
  snapshot([]);
  assert.deepEqual(totals, [[1, 100], [0, 150], [0, 50], []]);
});

test("an open interval that never comes back is not taken back from others", () => {
  const samples = store("off-cpu");
  samples.addStack(5n, BigUint64Array.of(1000n));
  const open = new OpenIntervals();
  open.settle(samples, [{ key: key(), elapsedNs: 100 }]);
  samples.take();
  samples.add(key({ tid: 9 }), 1, 30);
  open.settle(samples, []);
  assert.deepEqual(
    samples.take().samples.map(({ values }) => values),
    [[1, 30]],
  );
});

test("stacks are named when they are taken, frames of code that moves in each read", () => {
  const looked: string[] = [];
  const counting = {
    ...symbolizer,
    resolveUser: (...args: Parameters<typeof symbolizer.resolveUser>): SymbolizedFrame => {
      const named = symbolizer.resolveUser(...args);
      looked.push(named.name);
      return named;
    },
  };
  const images = new ProcessImages(counting, (pid, imageNs) => current.get(pid) === imageNs, 100);
  const samples = new SampleStore(images, new StackResolver(counting, "on-cpu"), 1);
  const read = (): string[] => {
    for (const tid of [1, 2]) {
      samples.add(key({ tid }), 1, 0);
      samples.add(key({ tid, pid: 2, imageNs: 20n }), 1, 0);
    }
    samples.settle();
    return looked.splice(0);
  };
  samples.addStack(5n, BigUint64Array.of(1000n));
  assert.deepEqual(read(), ["program-2:1000"]);
  samples.add(key({ tid: 3, pid: 2, imageNs: 20n }), 1, 0);
  assert.deepEqual(read(), ["program-2:1000"], "for the thread that was not seen before");
  assert.equal(samples.take().sampleCount, 9);
  assert.deepEqual(looked, ["program-1:1000"]);
});

test("the map of a process that has ended is kept for one more snapshot, and that of one that lives as long", () => {
  const living = new Set([1, 2]);
  const images = new ProcessImages(symbolizer, (pid) => living.has(pid), 100);
  const samples = new SampleStore(images, new StackResolver(symbolizer, "on-cpu"), 1);
  const take = (...pids: number[]): (string | undefined)[] => {
    samples.addStack(5n, BigUint64Array.of(1000n));
    for (const pid of pids) samples.add(key({ pid }), 1, 0);
    return samples.take().samples.map(({ stack }) => stack[0]?.name);
  };
  assert.deepEqual(take(1, 2), ["program-1:1000", "program-2:1000"]);
  living.delete(2);
  released.length = 0;
  assert.deepEqual(take(2), ["program-2:1000"], "a row may come after the end");
  assert.deepEqual(released, []);
  assert.deepEqual(take(), []);
  assert.deepEqual(released, [2]);
  assert.deepEqual(take(1, 2), ["program-1:1000", "[exited]"]);
});

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Collection } from "../loader/collection.ts";
import type { RingBufferMap } from "../maps/ring-buffer-map.ts";
import { run, testObject } from "../testing/objects.ts";
import { RecordQueue } from "./record-queue.ts";
import { RingBufferReader } from "./ring-buffer-reader.ts";

const NO_WAKEUP = 1n;

let collection: Collection;
let ring: RingBufferMap;
beforeEach(async () => {
  collection = await Collection.load(testObject("ring"));
  ring = collection.maps.ringBuffer("ring");
});
afterEach(() => collection[Symbol.dispose]());

interface Settings {
  fixed_size?: number;
  discard_every?: number;
  flags?: bigint;
}

function produce(count: number, settings: Settings = {}): void {
  for (const [name, value] of Object.entries(settings)) collection.globals.set(name, value);
  run(collection.programs.get("produce"), count);
}

/** Counters of the program: seen = delivered + lost + discarded. */
function counters(): Record<"seen" | "delivered" | "lost" | "discarded", number> {
  const read = (name: string): number => Number(collection.globals.get<bigint>(name));
  const result = {
    seen: read("seen"),
    delivered: read("delivered"),
    lost: read("lost"),
    discarded: read("discarded"),
  };
  assert.equal(result.seen, result.delivered + result.lost + result.discarded);
  return result;
}

/** Reads a record of ring.bpf.c and checks that it is whole. */
function checkedNumber(view: DataView, offset: number, sizeBytes: number): number {
  const number = Number(view.getBigUint64(offset, true));
  assert.equal(view.getUint32(offset + 8, true), sizeBytes);
  assert.equal(view.getUint32(offset + 12, true), (number ^ 0x5eed) >>> 0);
  return number;
}

function collect(options: { maxRecordsPerTurn?: number } = {}): { reader: RingBufferReader; numbers: number[] } {
  const numbers: number[] = [];
  const reader = new RingBufferReader(ring, {
    wakeUp: false,
    ...options,
    onRecord: (view, offset, sizeBytes) => numbers.push(checkedNumber(view, offset, sizeBytes)),
  });
  return { reader, numbers };
}

/** Resolves when `condition` holds; the test runner's own timeout is the limit. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe("drain", () => {
  test("gives records whole and in order while the ring wraps around many times", () => {
    const { reader, numbers } = collect();
    using _ = reader;
    for (let round = 0; round < 400; round++) {
      produce(5);
      assert.equal(reader.drain(), 5);
    }
    assert.deepEqual(
      numbers,
      Array.from({ length: 2000 }, (_, index) => index),
    );
    assert.deepEqual(counters(), { seen: 2000, delivered: 2000, lost: 0, discarded: 0 });
    assert.equal(reader.pendingBytes, 0);
  });

  test("loses nothing but what the ring had no room for, and the program counted that", () => {
    const { reader, numbers } = collect();
    using _ = reader;
    let handled = 0;
    for (let round = 0; round < 50; round++) {
      produce(100);
      handled += reader.drain();
    }
    const { delivered, lost, seen } = counters();
    assert.equal(seen, 5000);
    assert.equal(handled, delivered);
    assert.equal(numbers.length, delivered);
    assert.ok(lost > 0);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
  });

  test("skips records that were discarded", () => {
    const { reader, numbers } = collect();
    using _ = reader;
    produce(9, { discard_every: 3 });
    assert.equal(reader.drain(), 6);
    assert.deepEqual(numbers, [1, 2, 4, 5, 7, 8]);
    assert.deepEqual(counters(), { seen: 9, delivered: 6, lost: 0, discarded: 3 });
    assert.equal(reader.pendingBytes, 0);
  });

  test("stops at a limit and goes on from there", () => {
    const { reader, numbers } = collect();
    using _ = reader;
    produce(10, { fixed_size: 64 });
    assert.equal(reader.pendingBytes, 10 * 72);
    assert.equal(reader.drain(3), 3);
    assert.equal(reader.pendingBytes, 7 * 72);
    assert.equal(reader.drain(3), 3);
    assert.equal(reader.drain(), 4);
    assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.equal(reader.recordCount, 10);
  });

  test("counts a record as read when its handler throws, and no further", () => {
    const seen: number[] = [];
    using reader = new RingBufferReader(ring, {
      wakeUp: false,
      onRecord(view, offset, sizeBytes) {
        const number = checkedNumber(view, offset, sizeBytes);
        if (number === 1) throw new Error("no ones");
        seen.push(number);
      },
    });
    produce(4);
    assert.throws(() => reader.drain(), /no ones/);
    assert.equal(reader.drain(), 2);
    assert.deepEqual(seen, [0, 2, 3]);
  });

  test("may be disposed of by its handler, and by a handler that drains again", () => {
    const numbers: number[] = [];
    const reader: RingBufferReader = new RingBufferReader(ring, {
      wakeUp: false,
      onRecord(view, offset, sizeBytes) {
        assert.equal(reader.drain(), 0);
        numbers.push(checkedNumber(view, offset, sizeBytes));
        if (numbers.length === 2) reader[Symbol.dispose]();
        // The memory is still there for the rest of this call.
        view.getUint8(offset);
      },
    });
    produce(5);
    assert.equal(reader.drain(), 2);
    assert.deepEqual(numbers, [0, 1]);
    assert.equal(reader.drain(), 0);
    assert.equal(reader.pendingBytes, 0);
    // The other records are for the next reader.
    const next = collect();
    using _ = next.reader;
    assert.equal(next.reader.drain(), 3);
  });

  test("leaves views that throw, instead of memory that is gone", () => {
    let kept: DataView | undefined;
    const reader = new RingBufferReader(ring, {
      wakeUp: false,
      onRecord(view) {
        kept = view;
      },
    });
    produce(1);
    reader.drain();
    reader[Symbol.dispose]();
    assert.throws(() => kept?.getUint8(0), TypeError);
  });
});

describe("reading from the event loop", () => {
  test("begins when the kernel says that there are records", async () => {
    const numbers: number[] = [];
    using _ = new RingBufferReader(ring, {
      onRecord: (view, offset, sizeBytes) => numbers.push(checkedNumber(view, offset, sizeBytes)),
    });
    for (let round = 1; round <= 20; round++) {
      produce(3);
      await until(() => numbers.length === round * 3);
    }
    assert.deepEqual(counters().lost, 0);
  });

  test("begins by the timer where the program wakes nobody", async () => {
    const numbers: number[] = [];
    using _ = new RingBufferReader(ring, {
      wakeUp: false,
      drainIntervalMs: 2,
      onRecord: (view, offset, sizeBytes) => numbers.push(checkedNumber(view, offset, sizeBytes)),
    });
    for (let round = 1; round <= 5; round++) {
      produce(4, { flags: NO_WAKEUP });
      await until(() => numbers.length === round * 4);
    }
  });

  test("lets the event loop have its turn, and takes the rest in the next ones", async () => {
    let turns = 0;
    const perTurn: number[] = [];
    const tick = setInterval(() => turns++, 0);
    using _ = new RingBufferReader(ring, {
      wakeUp: false,
      drainIntervalMs: 5,
      maxRecordsPerTurn: 2,
      onRecord: () => perTurn.push(turns),
    });
    produce(11, { fixed_size: 64, flags: NO_WAKEUP });
    await until(() => perTurn.length === 11);
    clearInterval(tick);
    assert.deepEqual(counters().delivered, 11);
  });

  test("does not keep the process running if it is told so", async () => {
    const onRecord = (): void => assert.fail("nothing was written");
    using _ = new RingBufferReader(ring, { onRecord, drainIntervalMs: 10, keepAlive: false });
    // A handle that is not referenced is not listed.
    assert.deepEqual(
      process.getActiveResourcesInfo().filter((kind) => kind === "Timeout"),
      [],
    );
  });
});

describe("a record queue", () => {
  const decode = (view: DataView, offset: number, sizeBytes: number): number => checkedNumber(view, offset, sizeBytes);

  test("gives records to a for-await loop", async () => {
    const queue = new RecordQueue(ring, { decode });
    produce(6);
    const numbers: number[] = [];
    for await (const number of queue) {
      numbers.push(number);
      if (number === 2) produce(1);
      if (number === 6) break;
    }
    assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(await queue.next(), { value: undefined, done: true });
  });

  test("is bounded, and counts what it dropped", async () => {
    using queue = new RecordQueue(ring, { decode, capacity: 3 });
    produce(8);
    await until(() => queue.pending === 3 && queue.dropped > 0);
    assert.equal(queue.dropped, 5);
    assert.deepEqual([(await queue.next()).value, (await queue.next()).value], [0, 1]);
    const { delivered } = counters();
    assert.equal(delivered, 8);
  });

  test("ends for those who wait when it is disposed of", async () => {
    const queue = new RecordQueue(ring, { decode });
    const waiting = queue.next();
    queue[Symbol.dispose]();
    assert.deepEqual(await waiting, { value: undefined, done: true });
  });
});

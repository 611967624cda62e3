import assert from "node:assert/strict";
import { test } from "node:test";
import { EventQueue } from "@skep/ebpf";
import { MergedEvents } from "./merged-events.ts";

async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const event of events) list.push(event);
  return list;
}

test("the events of all sources come, those of one in their order, until all have ended", async () => {
  const numbers = new EventQueue<number | string>();
  const letters = new EventQueue<number | string>();
  const reading = all(new MergedEvents([numbers, letters]));
  for (let number = 0; number < 100; number++) numbers.push(number);
  letters.push("a");
  numbers[Symbol.dispose]();
  await new Promise(setImmediate);
  letters.push("b");
  letters[Symbol.dispose]();
  const events = await reading;
  assert.deepEqual(
    events.filter((event) => typeof event === "number"),
    Array.from({ length: 100 }, (_, number) => number),
  );
  assert.deepEqual(
    events.filter((event) => typeof event === "string"),
    ["a", "b"],
  );
});

test("without sources it ends at once", async () => assert.deepEqual(await all(new MergedEvents([])), []));

test("what a slow reader leaves stays with the source, which has a bound and counts", async () => {
  const source = new EventQueue<number>({ capacity: 3 });
  const events = new MergedEvents([source]);
  for (let number = 0; number < 10; number++) source.push(number);
  source[Symbol.dispose]();
  // One had been asked for already.
  assert.deepEqual(await all(events), [0, 1, 2, 3]);
  assert.equal(source.dropped, 6);
});

test("a reader that leaves closes the sources", async () => {
  const sources = [new EventQueue<number>(), new EventQueue<number>()];
  sources[0]?.push(1);
  for await (const event of new MergedEvents(sources)) {
    assert.equal(event, 1);
    break;
  }
  assert.deepEqual(
    sources.map(({ closed }) => closed),
    [true, true],
  );
});

test("a source that fails makes the reader fail", async () => {
  const failing = {
    next: () => Promise.reject(new Error("broken")),
    [Symbol.dispose]: () => undefined,
  };
  await assert.rejects(all(new MergedEvents([failing])), /broken/);
});

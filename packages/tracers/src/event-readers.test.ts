import assert from "node:assert/strict";
import { test } from "node:test";
import { EventReaders } from "./event-readers.ts";

async function allOf<Event>(events: AsyncIterable<Event>): Promise<Event[]> {
  const all: Event[] = [];
  for await (const event of events) all.push(event);
  return all;
}

test("each reader gets every event from when it came", async () => {
  const readers = new EventReaders<number>();
  const first = readers.add();
  readers.push(1);
  const second = readers.add();
  readers.push(2);
  readers[Symbol.dispose]();
  assert.deepEqual(await allOf(first), [1, 2]);
  assert.deepEqual(await allOf(second), [2]);
});

test("what was lost to a slow reader is counted, also when it is gone", () => {
  const readers = new EventReaders<number>();
  readers.add();
  const slow = readers.add({ capacity: 1 });
  for (const event of [1, 2, 3]) readers.push(event);
  assert.equal(readers.unread, 2);
  slow[Symbol.dispose]();
  assert.equal(readers.unread, 2);
  readers.push(4);
  assert.equal(readers.unread, 2);
});

test("after the end there is nothing to read", async () => {
  const readers = new EventReaders<number>();
  readers[Symbol.dispose]();
  const late = readers.add();
  readers.push(1);
  assert.deepEqual(await allOf(late), []);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventQueue } from "./event-queue.ts";

test("events come in order, whether they or the reader were first", async () => {
  using queue = new EventQueue<number>();
  const early = [queue.next(), queue.next()];
  for (const value of [1, 2, 3, 4]) queue.push(value);
  assert.deepEqual(await Promise.all([...early, queue.next(), queue.next()]), [
    { value: 1, done: false },
    { value: 2, done: false },
    { value: 3, done: false },
    { value: 4, done: false },
  ]);
});

test("what finds no room is dropped and counted, and the rest stays in order", async () => {
  using queue = new EventQueue<number>({ capacity: 3 });
  for (let value = 0; value < 10; value++) queue.push(value);
  assert.deepEqual([queue.pending, queue.dropped, queue.full], [3, 7, true]);
  assert.equal((await queue.next()).value, 0);
  queue.push(10);
  const rest = [await queue.next(), await queue.next(), await queue.next()];
  assert.deepEqual(
    rest.map(({ value }) => value),
    [1, 2, 10],
  );
});

test("a reader that waits has room, however small the queue is", async () => {
  using queue = new EventQueue<string>({ capacity: 0 });
  queue.push("lost");
  const next = queue.next();
  queue.push("taken");
  assert.deepEqual([(await next).value, queue.dropped], ["taken", 1]);
});

test("once closed it gives what waits, then ends, and takes no more", async () => {
  let closed = 0;
  const queue = new EventQueue<number>({ onClose: () => closed++ });
  queue.push(1);
  queue[Symbol.dispose]();
  queue[Symbol.dispose]();
  queue.push(2);
  const values: number[] = [];
  for await (const value of queue) values.push(value);
  assert.deepEqual([values, closed, queue.dropped], [[1], 1, 0]);
});

test("leaving a loop closes it, and waiting readers are told", async () => {
  const queue = new EventQueue<number>();
  const waiting = queue.next();
  await queue.return();
  assert.deepEqual(await waiting, { value: undefined, done: true });
  assert.equal(queue.closed, true);
});

test("a long queue is read in order", async () => {
  using queue = new EventQueue<number>({ capacity: 5000 });
  for (let value = 0; value < 5000; value++) queue.push(value);
  for (let value = 0; value < 5000; value++) assert.equal((await queue.next()).value, value);
  assert.equal(queue.pending, 0);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventQueue } from "@skep/ebpf";
import { EventCollector } from "./event-collector.ts";

test("what was pushed before the end of a round is in that round, in order", async () => {
  const queue = new EventQueue<number>();
  const collector = new EventCollector(queue, 10_000);
  for (let event = 0; event < 5000; event++) queue.push(event);
  const { events, dropped } = await collector.take();
  assert.deepEqual(
    events,
    Array.from({ length: 5000 }, (_, event) => event),
  );
  assert.equal(dropped, 0);
  queue.push(5000);
  assert.deepEqual((await collector.take()).events, [5000]);
  assert.deepEqual((await collector.take()).events, []);
});

test("beyond the limit events are counted, and still told at once", async () => {
  const queue = new EventQueue<number>();
  const told: number[] = [];
  const collector = new EventCollector(queue, 3, (event) => told.push(event));
  for (let event = 0; event < 5; event++) queue.push(event);
  assert.deepEqual(await collector.take(), { events: [0, 1, 2], dropped: 2 });
  assert.deepEqual(told, [0, 1, 2, 3, 4]);
  queue.push(5);
  assert.deepEqual(await collector.take(), { events: [5], dropped: 0 });
});

test("what waits when the queue is closed is read to its end", async () => {
  const queue = new EventQueue<number>();
  const collector = new EventCollector(queue, 10);
  queue.push(1);
  queue.push(2);
  queue[Symbol.dispose]();
  assert.deepEqual((await collector.take()).events, [1, 2]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { writeEvents } from "./write-events.ts";

async function* numbers(count: number): AsyncGenerator<number> {
  for (let number = 1; number <= count; number++) yield number;
}

test("each event becomes its text, in order, and they are counted", async () => {
  const written: string[] = [];
  const output = { write: (text: string) => written.push(text) > 0 };
  assert.equal(await writeEvents(numbers(3), (number) => `${number}\n`, output), 3);
  assert.deepEqual(written, ["1\n", "2\n", "3\n"]);
});

test("nothing is taken from the tracer while the reader cannot keep up", async () => {
  let taken = 0;
  async function* counted(): AsyncGenerator<number> {
    for await (const number of numbers(5)) {
      taken++;
      yield number;
    }
  }
  const busy = { write: () => false };
  const writing = writeEvents(counted(), String, busy);
  for (let drained = 1; drained <= 5; drained++) {
    await new Promise(setImmediate);
    assert.equal(taken, drained);
    process.stdout.emit("drain");
  }
  assert.equal(await writing, 5);
});

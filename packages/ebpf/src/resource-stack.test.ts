import assert from "node:assert/strict";
import { test } from "node:test";
import { ResourceStack } from "./resource-stack.ts";

function resource(name: string, log: string[], error?: Error): Disposable {
  return {
    [Symbol.dispose]() {
      log.push(name);
      if (error !== undefined) throw error;
    },
  };
}

test("disposes of the last first, once", () => {
  const log: string[] = [];
  const stack = new ResourceStack();
  stack.use(resource("first", log));
  stack.use(resource("second", log));
  stack[Symbol.dispose]();
  stack[Symbol.dispose]();
  assert.deepEqual(log, ["second", "first"]);
});

test("keeps what was moved out", () => {
  const log: string[] = [];
  const stack = new ResourceStack();
  stack.use(resource("kept", log));
  const moved = stack.move();
  stack[Symbol.dispose]();
  assert.deepEqual(log, []);
  moved[Symbol.dispose]();
  assert.deepEqual(log, ["kept"]);
});

test("disposes of all even if some throw, and throws the first error", () => {
  const log: string[] = [];
  const stack = new ResourceStack();
  stack.use(resource("a", log));
  stack.use(resource("b", log, new Error("b failed")));
  stack.use(resource("c", log, new Error("c failed")));
  assert.throws(() => stack[Symbol.dispose](), /c failed/);
  assert.deepEqual(log, ["c", "b", "a"]);
});

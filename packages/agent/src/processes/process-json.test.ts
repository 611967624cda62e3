import assert from "node:assert/strict";
import { test } from "node:test";
import { processExec, processExit } from "../testing/process-events.ts";
import { encodeProcessEvent } from "./process-json.ts";

test("an event is one line, its kind first, its time to the nanosecond", () => {
  const text = encodeProcessEvent(processExit({ exitCode: 2 }));
  assert.match(text, /^\{"kind":"exit","timeUnixNs":"1795000000123456789","pid":4242,.*\}\n$/);
  assert.equal(JSON.parse(text).exitCode, 2);
});

test("hostile arguments stay data, on one line", () => {
  const words = ["\x1b[2J", "a\nb", "\u202e", '"'];
  const text = encodeProcessEvent(processExec({ arguments: words }));
  assert.match(text, /^[\x20-\x7e]+\n$/);
  assert.deepEqual(JSON.parse(text).arguments, words);
});

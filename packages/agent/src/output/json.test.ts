import assert from "node:assert/strict";
import { test } from "node:test";
import { smallReport } from "../testing/small-report.ts";
import { encodeJson } from "./json.ts";

test("the object has what the command line promises, and nothing else", () => {
  const text = encodeJson(smallReport({ lost: { "stacks-full": 4 } }));
  assert.match(text, /^\{.*\}\n$/);
  const { functions, ...rest } = JSON.parse(text);
  assert.deepEqual(rest, { durationNs: 10_000_000_000, frequencyHz: 99, samples: 10, lost: { "stacks-full": 4 } });
  assert.deepEqual(functions[0], {
    name: "Tree::walk(Node const*)",
    module: "app",
    process: "api",
    pid: 42,
    self: 3,
    total: 5,
  });
});

test("off-CPU it says that the numbers are nanoseconds", () => {
  const { unit, functions } = JSON.parse(encodeJson(smallReport({ mode: "off-cpu" })));
  assert.equal(unit, "nanoseconds");
  assert.equal(functions[0].self, 60_000_000);
});

test("a hostile process name stays data", () => {
  const [sample] = smallReport().samples;
  assert.ok(sample);
  const name = "\x1b[2J\x9b\u202e";
  const text = encodeJson(smallReport({ samples: [{ ...sample, process: { pid: 1, name } }] }));
  assert.match(text, /"process":"\\u001b\[2J\\u009b\\u202e"/);
  assert.equal(JSON.parse(text).functions[0].process, name);
});

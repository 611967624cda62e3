import assert from "node:assert/strict";
import { test } from "node:test";
import { Parameters } from "./parameters.ts";

const names = ["from", "to", "process", "call", "mode"];

test("what is given is read", () => {
  const parameters = new Parameters("from=10.5&to=20&process=42&call=openat", names);
  assert.deepEqual(parameters.range(), { fromMs: 10.5, toMs: 20 });
  assert.equal(parameters.number("process", 100), 42);
  assert.equal(parameters.text("call"), "openat");
  assert.equal(parameters.oneOf("mode", ["on-cpu", "off-cpu"]), "on-cpu");
  assert.deepEqual(new Parameters("", names).range(), {});
});

const refused: readonly [query: string, read: (parameters: Parameters) => unknown, message: string][] = [
  ["form=1", () => undefined, 'unknown parameter "form"; there are: from, to, process, call, mode'],
  ["from=1&from=2", () => undefined, "from is given twice"],
  ["process=101", (given) => given.number("process", 100), "process must be a number from 0 to 100"],
  ["process=-1", (given) => given.number("process", 100), "process must be a number from 0 to 100"],
  ["process=1e2", (given) => given.number("process", 100), "process must be a number from 0 to 100"],
  ["process=NaN", (given) => given.number("process", 100), "process must be a number from 0 to 100"],
  ["process=", (given) => given.number("process", 100), "process must be a number from 0 to 100"],
  ["from=2&to=1", (given) => given.range(), "from is after to"],
  ["call=", (given) => given.text("call"), "call must have from 1 to 200 characters"],
  [`call=${"x".repeat(201)}`, (given) => given.text("call"), "call must have from 1 to 200 characters"],
  ["mode=gpu", (given) => given.oneOf("mode", ["on-cpu", "off-cpu"]), "mode must be one of on-cpu, off-cpu"],
];

for (const [query, read, message] of refused) {
  test(`${query.slice(0, 30)} is refused`, () => {
    assert.throws(() => read(new Parameters(query, names)), { name: "HttpError", status: 400, message });
  });
}

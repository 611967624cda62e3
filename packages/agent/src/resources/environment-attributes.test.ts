import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import fc from "fast-check";
import { parseEnvironment, parseResourceAttributes, readEnvironmentAttributes } from "./environment-attributes.ts";

const lists: readonly [text: string, attributes: Record<string, string>][] = [
  ["", {}],
  ["service.name=shop", { "service.name": "shop" }],
  [" deployment.environment.name = prod , team=a%2Cb%3D1 ", { "deployment.environment.name": "prod", team: "a,b=1" }],
  ["team=a=b", { team: "a=b" }],
  ["novalue,=x,empty=,bad=%zz,good=1", { good: "1" }],
  [`long=${"x".repeat(1000)}`, { long: "x".repeat(256) }],
  ["color=%1b[31m", { color: "\ufffd[31m" }],
];

for (const [text, attributes] of lists) {
  test(`OTEL_RESOURCE_ATTRIBUTES=${text.slice(0, 60)}`, () => {
    assert.deepEqual(parseResourceAttributes(text), attributes);
  });
}

test("no more than 32 attributes are taken from a process", () => {
  const text = Array.from({ length: 100 }, (_, index) => `key${index}=1`).join(",");
  assert.equal(Object.keys(parseResourceAttributes(text)).length, 32);
});

test("OTEL_SERVICE_NAME goes before the name among the attributes, unless it is empty", () => {
  const attributes = "OTEL_RESOURCE_ATTRIBUTES=service.name=a,team=b";
  assert.deepEqual(parseEnvironment(`X=1\0OTEL_SERVICE_NAME=shop\0${attributes}\0`), {
    "service.name": "shop",
    team: "b",
  });
  assert.deepEqual(parseEnvironment(`OTEL_SERVICE_NAME= \0${attributes}`), { "service.name": "a", team: "b" });
  assert.deepEqual(parseEnvironment("SECRET_OTEL_SERVICE_NAME=x\0OTEL_TOKEN=y"), {});
});

test("the environment of a running process is read, and of one that ended there is nothing", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    env: { LONG: "x".repeat(20_000), OTEL_SERVICE_NAME: "shop", OTEL_RESOURCE_ATTRIBUTES: "service.version=1.2" },
    stdio: ["pipe", "ignore", "inherit"],
  });
  await once(child, "spawn");
  assert.deepEqual(readEnvironmentAttributes(child.pid ?? 0), { "service.name": "shop", "service.version": "1.2" });
  child.stdin?.end();
  await once(child, "close");
  assert.deepEqual(readEnvironmentAttributes(child.pid ?? 0), {});
});

test("any environment parses", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const value of Object.values(parseEnvironment(`OTEL_RESOURCE_ATTRIBUTES=${text}`))) {
        assert.ok(value.length > 0 && value.length <= 256);
      }
    }),
  );
});

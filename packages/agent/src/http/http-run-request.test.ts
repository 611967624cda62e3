import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "../cli/parse-arguments.ts";
import { runOptions } from "../run/run-options.ts";
import { httpOptions } from "./http-command.ts";
import { type HttpRunRequest, parseHttpRunRequest } from "./http-run-request.ts";

const everything: HttpRunRequest = {
  target: { kind: "all" },
  durationMs: undefined,
  json: false,
  follow: false,
  keepQuery: false,
  tls: true,
};

const understood: readonly [line: string, expected: Partial<HttpRunRequest>][] = [
  ["", {}],
  ["--follow --keep-query", { follow: true, keepQuery: true }],
  ["--no-tls", { tls: false }],
  ["-d 1 --json -- curl x", { durationMs: 1000, json: true, target: { kind: "command", command: ["curl", "x"] } }],
];

for (const [line, expected] of understood) {
  test(`understands "${line}"`, () => {
    const grammar = { name: "http", options: { ...runOptions, ...httpOptions }, takesCommand: true } as const;
    const { options, command } = parseArguments(grammar, line === "" ? [] : line.split(" "));
    assert.deepEqual(parseHttpRunRequest(options, command), { ...everything, ...expected });
  });
}

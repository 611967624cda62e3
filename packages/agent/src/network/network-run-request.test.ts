import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "../cli/parse-arguments.ts";
import { runOptions } from "../run/run-options.ts";
import { networkOptions } from "./network-command.ts";
import { type NetworkRunRequest, parseNetworkRunRequest } from "./network-run-request.ts";

const everything: NetworkRunRequest = {
  target: { kind: "all" },
  durationMs: undefined,
  json: false,
  datagrams: true,
  packets: true,
};

const understood: readonly [line: string, expected: Partial<NetworkRunRequest>][] = [
  ["", {}],
  ["--no-packets --no-datagrams", { packets: false, datagrams: false }],
  // Packets are nobody's.
  ["-p 42", { target: { kind: "pids", pids: [42] }, packets: false }],
  [
    "-d 1 --json -- curl",
    { durationMs: 1000, json: true, target: { kind: "command", command: ["curl"] }, packets: false },
  ],
];

for (const [line, expected] of understood) {
  test(`understands "${line}"`, () => {
    const grammar = { name: "network", options: { ...runOptions, ...networkOptions }, takesCommand: true } as const;
    const { options, command } = parseArguments(grammar, line === "" ? [] : line.split(" "));
    assert.deepEqual(parseNetworkRunRequest(options, command), { ...everything, ...expected });
  });
}

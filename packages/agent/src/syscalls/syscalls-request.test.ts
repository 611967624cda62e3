import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "../cli/parse-arguments.ts";
import { runOptions } from "../run/run-options.ts";
import { syscallsOptions } from "./syscalls-command.ts";
import { parseSyscallsRequest, type SyscallsRequest } from "./syscalls-request.ts";

function request(line: string): SyscallsRequest {
  const grammar = { name: "syscalls", options: { ...runOptions, ...syscallsOptions }, takesCommand: true } as const;
  const { options, command } = parseArguments(grammar, line === "" ? [] : line.split(" "));
  return parseSyscallsRequest(options, command);
}

const everything: SyscallsRequest = {
  target: { kind: "all" },
  durationMs: undefined,
  json: false,
  calls: undefined,
  latencies: true,
};

const understood: readonly [line: string, expected: Partial<SyscallsRequest>][] = [
  ["", {}],
  ["-e openat,read -e read,close", { calls: ["openat", "read", "close"] }],
  ["--calls=openat --counts-only", { calls: ["openat"], latencies: false }],
  ["-p 7 -d 1 --json", { target: { kind: "pids", pids: [7] }, durationMs: 1000, json: true }],
  ["-e read -- cat -e read", { calls: ["read"], target: { kind: "command", command: ["cat", "-e", "read"] } }],
];

for (const [line, expected] of understood) {
  test(`understands "${line}"`, () => assert.deepEqual(request(line), { ...everything, ...expected }));
}

for (const [line, name] of [
  ["-e openat,", ""],
  ["-e open/at", "open/at"],
] as const) {
  test(`refuses "${line}"`, () => {
    assert.throws(() => request(line), {
      name: "UsageError",
      message: `"${name}" is not the name of a system call`,
      hints: ["-e takes names with commas between them: -e openat,read"],
      exitCode: 2,
    });
  });
}

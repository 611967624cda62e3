import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "../cli/parse-arguments.ts";
import { runOptions } from "./run-options.ts";
import { parseRunRequest, type RunRequest } from "./run-request.ts";

function request(line: string): RunRequest {
  const grammar = { name: "trace", options: runOptions, takesCommand: true } as const;
  const { options, command } = parseArguments(grammar, line === "" ? [] : line.split(" "));
  return parseRunRequest(options, command);
}

const everything: RunRequest = { target: { kind: "all" }, durationMs: undefined, json: false };

const understood: readonly [line: string, expected: Partial<RunRequest>][] = [
  ["", {}],
  ["-p 1", { target: { kind: "pids", pids: [1] } }],
  ["-p 7,8,7", { target: { kind: "pids", pids: [7, 8] } }],
  ["-p 7 -p 8,9", { target: { kind: "pids", pids: [7, 8, 9] } }],
  ["--cgroup system.slice", { target: { kind: "cgroup", path: "system.slice" } }],
  ["-- make -p 4", { target: { kind: "command", command: ["make", "-p", "4"] } }],
  ["-d 0.1", { durationMs: 100 }],
  ["-d 10", { durationMs: 10_000 }],
  ["-d 86400", { durationMs: 86_400_000 }],
  ["--json", { json: true }],
];

for (const [line, expected] of understood) {
  test(`understands "${line}"`, () => assert.deepEqual(request(line), { ...everything, ...expected }));
}

const PIDS = "-p takes numbers with commas between them: -p 4242,4243";
const SECONDS = "-d takes seconds, from 0.1 to 86400 (a day): -d 10";
const ONE_WAY = "say in one way which processes are meant";

const refused: readonly [line: string, message: string, hint: string][] = [
  ["-p nginx", '"nginx" is not a process id', PIDS],
  ["-p 0", '"0" is not a process id', PIDS],
  ["-p 1,", '"" is not a process id', PIDS],
  ["-p 1.5", '"1.5" is not a process id', PIDS],
  ["-p 0x10", '"0x10" is not a process id', PIDS],
  ["-p 4194304", '"4194304" is not a process id', PIDS],
  ["-p 99999999999999999999", '"99999999999999999999" is not a process id', PIDS],
  ["-d 0", '"0" is not a duration', SECONDS],
  ["-d 0.05", '"0.05" is not a duration', SECONDS],
  ["-d 86401", '"86401" is not a duration', SECONDS],
  ["-d 10s", '"10s" is not a duration', SECONDS],
  ["-d Infinity", '"Infinity" is not a duration', SECONDS],
  ["-p 1 -- make", "-p and COMMAND cannot be combined", ONE_WAY],
  ["-p 1 --cgroup x", "-p and --cgroup cannot be combined", ONE_WAY],
  ["--cgroup x -- make", "--cgroup and COMMAND cannot be combined", ONE_WAY],
];

for (const [line, message, hint] of refused) {
  test(`refuses "${line}"`, () => {
    assert.throws(() => request(line), { name: "UsageError", message, hints: [hint], exitCode: 2 });
  });
}

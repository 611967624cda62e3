import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "../cli/parse-arguments.ts";
import { runOptions } from "../run/run-options.ts";
import { profileCommand, profileOptions } from "./profile-command.ts";
import { type ProfileRequest, parseProfileRequest } from "./profile-request.ts";

function request(line: string): ProfileRequest {
  const grammar = {
    name: profileCommand.name,
    options: { ...runOptions, ...profileOptions },
    takesCommand: true,
  } as const;
  const { options, command } = parseArguments(grammar, line === "" ? [] : line.split(" "));
  return parseProfileRequest(options, command);
}

const everything: ProfileRequest = {
  target: { kind: "all" },
  mode: "on-cpu",
  frequencyHz: 99,
  durationMs: undefined,
  outputPaths: ["skep-profile.pb.gz", "skep-profile.html"],
  json: false,
};

const understood: readonly [line: string, expected: Partial<ProfileRequest>][] = [
  ["", {}],
  ["-p 1 -d 10", { target: { kind: "pids", pids: [1] }, durationMs: 10_000 }],
  ["-- make -p 4", { target: { kind: "command", command: ["make", "-p", "4"] } }],
  ["-F 1", { frequencyHz: 1 }],
  ["-F 100000", { frequencyHz: 100_000 }],
  ["--off-cpu", { mode: "off-cpu" }],
  ["-o a.folded -o b.html", { outputPaths: ["a.folded", "b.html"] }],
  ["--json", { json: true, outputPaths: [] }],
  ["--json -o a.html", { json: true, outputPaths: ["a.html"] }],
];

for (const [line, expected] of understood) {
  test(`understands "${line}"`, () => assert.deepEqual(request(line), { ...everything, ...expected }));
}

const HERTZ = "-F takes a whole number of hertz, at least 1: -F 99";

const refused: readonly [line: string, message: string, hint: string][] = [
  ["-F 0", '"0" is not a sampling frequency', HERTZ],
  ["-F=-1", '"=-1" is not a sampling frequency', HERTZ],
  ["--frequency=-1", '"-1" is not a sampling frequency', HERTZ],
  ["-F 99.5", '"99.5" is not a sampling frequency', HERTZ],
  ["-F 1e3", '"1e3" is not a sampling frequency', HERTZ],
  ["-F fast", '"fast" is not a sampling frequency', HERTZ],
  ["-p 1 -- make", "-p and COMMAND cannot be combined", "say in one way which processes are meant"],
];

for (const [line, message, hint] of refused) {
  test(`refuses "${line}"`, () => {
    assert.throws(() => request(line), { name: "UsageError", message, hints: [hint], exitCode: 2 });
  });
}

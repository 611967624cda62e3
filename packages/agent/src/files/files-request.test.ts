import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "../cli/parse-arguments.ts";
import { runOptions } from "../run/run-options.ts";
import { filesOptions } from "./files-command.ts";
import { type FilesRequest, parseFilesRequest } from "./files-request.ts";

function request(line: string): FilesRequest {
  const grammar = { name: "files", options: { ...runOptions, ...filesOptions }, takesCommand: true } as const;
  const { options, command } = parseArguments(grammar, line === "" ? [] : line.split(" "));
  return parseFilesRequest(options, command);
}

const everything: FilesRequest = {
  target: { kind: "all" },
  durationMs: undefined,
  json: false,
  slowNs: undefined,
  fileSystems: undefined,
};

const understood: readonly [line: string, expected: Partial<FilesRequest>][] = [
  ["", {}],
  ["--slow 10", { slowNs: 10_000_000 }],
  ["--slow 0.001", { slowNs: 1000 }],
  ["--slow 3600000", { slowNs: 3_600_000_000_000 }],
  ["--fs ext4,tmpfs --fs fuse.sshfs", { fileSystems: ["ext4", "tmpfs", "fuse.sshfs"] }],
  ["-d 1 --json -- make", { durationMs: 1000, json: true, target: { kind: "command", command: ["make"] } }],
];

for (const [line, expected] of understood) {
  test(`understands "${line}"`, () => assert.deepEqual(request(line), { ...everything, ...expected }));
}

const MILLISECONDS = "--slow takes milliseconds, from 0.001 to 3600000 (an hour): --slow 10";
const TYPES = "--fs takes types with commas between them: --fs ext4,tmpfs";

const refused: readonly [line: string, message: string, hint: string][] = [
  ["--slow 0", '"0" is not a number of milliseconds', MILLISECONDS],
  ["--slow 0.0001", '"0.0001" is not a number of milliseconds', MILLISECONDS],
  ["--slow 3600001", '"3600001" is not a number of milliseconds', MILLISECONDS],
  ["--slow=-1", '"-1" is not a number of milliseconds', MILLISECONDS],
  ["--slow 10ms", '"10ms" is not a number of milliseconds', MILLISECONDS],
  ["--fs ext4,", '"" is not the name of a type of file systems', TYPES],
];

for (const [line, message, hint] of refused) {
  test(`refuses "${line}"`, () => {
    assert.throws(() => request(line), { name: "UsageError", message, hints: [hint], exitCode: 2 });
  });
}

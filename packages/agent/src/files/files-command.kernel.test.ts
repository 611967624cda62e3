import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runSkep } from "../cli/testing/skep-process.ts";

const directory = mkdtempSync(join(tmpdir(), "skep-files-"));
after(() => rmSync(directory, { recursive: true }));
const path = join(directory, "data");
const missing = join(directory, "missing");

/** 100 writes of 1000 bytes, 11 reads of up to 10,000 of which the last finds the end, and an open that fails. */
const WORKLOAD = [
  process.execPath,
  "-e",
  `const { closeSync, openSync, readSync, writeSync } = require("node:fs");
  const bytes = Buffer.alloc(10_000);
  const [, path, missing] = process.argv;
  const output = openSync(path, "w");
  for (let i = 0; i < 100; i++) writeSync(output, bytes, 0, 1000);
  closeSync(output);
  const input = openSync(path);
  while (readSync(input, bytes, 0, 10_000) > 0);
  try { openSync(missing); } catch {}`,
  path,
  missing,
];

interface FileJson {
  readonly path: string;
  readonly [member: string]: unknown;
}

test("the JSON has what COMMAND did with each file, to the byte", async () => {
  const { code, stdout, stderr } = await runSkep(["files", "--json", "--", ...WORKLOAD]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout.indexOf("\n"), stdout.length - 1, "standard output carries one object on one line");
  const { kind, files, lost } = JSON.parse(stdout) as {
    kind: string;
    files: FileJson[];
    lost: Record<string, number>;
  };
  assert.equal(kind, "summary");
  const used = files.find((file) => file.path === path);
  assert.ok(used, stdout);
  const { type, deleted, opens, reads, readBytes, writes, writtenBytes, errors } = used;
  assert.deepEqual(
    { type, deleted, opens, reads, readBytes, writes, writtenBytes, errors },
    {
      type: "file",
      deleted: false,
      opens: 2,
      reads: 11,
      readBytes: 100_000,
      writes: 100,
      writtenBytes: 100_000,
      errors: {},
    },
  );
  assert.deepEqual(files.find((file) => file.path === missing)?.["errors"], { ENOENT: 1 });
  // From Linux 7.0 on calls of any process count as lost that come while the program runs on their CPU.
  const { recursion: _, ...ofCommand } = lost;
  assert.deepEqual(ofCommand, { threadsFull: 0, eventsFull: 0, eventsUnread: 0 });
});

test("slow operations are lines before the summary, none faster than was asked for", async () => {
  const { code, stdout, stderr } = await runSkep(["files", "--json", "--slow", "0.001", "--", ...WORKLOAD]);
  assert.equal(code, 0, stderr);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ kind }) => kind),
    [...Array.from({ length: lines.length - 1 }, () => "slow"), "summary"],
  );
  // An open takes longer than a microsecond.
  const opened = lines.find((line) => line.kind === "slow" && line.path === path && line.operation === "open");
  assert.ok(opened, stdout);
  for (const { kind, durationNs } of lines) if (kind === "slow") assert.ok(durationNs >= 1000, `${durationNs} ns`);
});

test("where there is no terminal tables and slow operations are plain", async () => {
  const { code, stdout, stderr } = await runSkep(["files", "--slow", "0.001", "--", ...WORKLOAD]);
  assert.equal(code, 0, stderr);
  assert.ok(stdout.startsWith("TIME            TOOK  CALL       BYTES  FILE AND PROCESS\n"), stdout);
  assert.match(stdout, /\n {3}11 {2}100 kB {5}100 {3}100 kB /);
  assert.ok(stdout.includes(`${path}  `), "a slow operation has the whole path");
  assert.match(stdout, /\n +1 {2}ENOENT {2}\S+missing {2}/);
  assert.ok(!stdout.includes("\x1b"));
});

test("a file system that this kernel does not have is told before COMMAND starts", async () => {
  const { code, stdout, stderr } = await runSkep(["files", "--fs", "nope", "--", "echo", "started"]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^skep: this kernel has no file system "nope"\n {6}.*\n$/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { runSkep } from "../cli/testing/skep-process.ts";

const node = process.execPath;
/** Longer than a line of a terminal, and with what a shell would take apart. */
const SCRIPT = `process.exit(3); // ${"it's $HOME ".repeat(20)}`;
/** Starts two processes, of which one executes a program and the other fails to, and ends by a signal. */
const COMMAND = ["/bin/sh", "-c", '"$@"; /no/such/program; kill -9 $$', "sh", node, "-e", SCRIPT];

interface EventJson {
  readonly kind: string;
  readonly pid: number;
  readonly parentPid: number;
  readonly [member: string]: unknown;
}

test("the JSON has a line for all that COMMAND and its children did, in order, and one that sums up", async () => {
  const { code, stdout, stderr } = await runSkep(["processes", "--json", "--", ...COMMAND]);
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split("\n");
  const summary = JSON.parse(lines.pop() ?? "");
  const events = lines.map((line): EventJson => JSON.parse(line));

  const [shell, ...children] = [...new Set(events.map(({ pid }) => pid))];
  const what = (pid: number | undefined) =>
    events
      .filter((event) => event.pid === pid)
      .map(({ kind, arguments: words, path, error, exitCode, signal }) => ({
        kind,
        ...(kind === "exec" && { words }),
        ...(kind === "exec-failure" && { path, error }),
        ...(kind === "exit" && { ending: signal ?? exitCode }),
      }));
  assert.deepEqual(what(shell), [
    { kind: "exec", words: COMMAND },
    { kind: "exit", ending: "SIGKILL" },
  ]);
  assert.deepEqual(children.map(what), [
    [{ kind: "start" }, { kind: "exec", words: [node, "-e", SCRIPT] }, { kind: "exit", ending: 3 }],
    [
      { kind: "start" },
      { kind: "exec-failure", path: "/no/such/program", error: "ENOENT" },
      { kind: "exit", ending: 127 },
    ],
  ]);
  for (const event of events.filter(({ kind }) => kind !== "exit")) {
    if (event.pid !== shell) assert.equal(event.parentPid, shell);
  }

  const { kind, seen, delivered, lost, starts, execs, execFailures, exits } = summary;
  assert.deepEqual(
    { kind, seen, delivered, starts, execs, execFailures, exits },
    {
      kind: "summary",
      seen: 8,
      delivered: 8,
      starts: 2,
      execs: 2,
      execFailures: { ENOENT: 1 },
      exits: { codes: { 3: 1, 127: 1 }, signals: { SIGKILL: 1 } },
    },
  );
  assert.equal(
    Object.values<number>(lost).reduce((sum, count) => sum + count, 0),
    0,
  );
});

test("where there is no terminal lines are plain and whole", async () => {
  const { code, stdout, stderr } = await runSkep(["processes", "--", ...COMMAND]);
  assert.equal(code, 0, stderr);
  const lines = stdout.split("\n");
  assert.equal(lines[0], "TIME             PID  PARENT  EVENT   WHAT");
  const quoted = `'${SCRIPT.replaceAll("'", "'\\''")}'`;
  assert.ok(
    lines.some((line) => line.endsWith(`exec    ${node} -e ${quoted}`)),
    stdout,
  );
  assert.ok(lines.some((line) => line.endsWith("failed  /no/such/program: ENOENT")));
  assert.ok(lines.some((line) => /exit {4}\S+: 3, [\d.]+ \w+, CPU [\d.]+ \w+, \d[\d.]* MB$/.test(line)));
  assert.ok(lines.some((line) => /exit {4}sh: SIGKILL, /.test(line)));
  assert.match(stdout, /\n\nProcesses of .*:? 2 starts, 2 execs, 1 failed, 3 exits, 0 lost\n$/);
  assert.ok(!stdout.includes("\x1b"));
});

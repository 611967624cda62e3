import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runSkep } from "../cli/testing/skep-process.ts";

const directory = mkdtempSync(join(tmpdir(), "skep-profile-"));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

/** A COMMAND that uses so much CPU time, however busy the machine is. */
const burn = (milliseconds: number) => [
  process.execPath,
  "-e",
  `for (; process.cpuUsage().user < ${milliseconds * 1000}; );`,
];

test("prints the functions of every process, and writes the files that were asked for", async (context) => {
  // An idle machine has no samples at all.
  const busy = spawn(process.execPath, ["-e", "for (;;);"]);
  context.after(() => busy.kill());
  const result = await runSkep(["profile", "-d", "0.5", "-o", at("all.folded"), "-o", at("all.pb.gz")]);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /^99 Hz on \d+ CPUs? for \d+\.\d s: [\d,]+ samples?, [\d,]+ lost\n/);
  assert.match(result.stdout, /\nWrote .*all\.folded\nWrote .*all\.pb\.gz\n$/);
  assert.equal(result.stderr, "Profiling every process at 99 Hz for 0.5 s\n");
  assert.match(readFileSync(at("all.folded"), "utf8"), /^\S.* \d+\n/);
});

test("with --json standard output carries one object alone", async () => {
  const args = ["profile", "--json", "-F", "199", "-o", at("json.json"), "--"];
  const { code, stdout, stderr } = await runSkep([...args, "/bin/sh", "-c", "echo to stdout; echo to stderr >&2"]);
  assert.equal(code, 0, stderr);
  const object = JSON.parse(stdout);
  assert.deepEqual(Object.keys(object), ["durationNs", "frequencyHz", "samples", "lost", "incomplete", "functions"]);
  assert.equal(object.frequencyHz, 199);
  assert.equal(stdout.indexOf("\n"), stdout.length - 1);
  assert.match(stderr, /^to stdout$/m);
  assert.match(stderr, /^to stderr$/m);
  assert.match(stderr, /^Wrote .*json\.json$/m);
});

test("COMMAND is profiled with its descendants, until the last of them has exited", async () => {
  const [node = "", ...args] = burn(600);
  // The shell that is COMMAND exits at once; what it left in the background goes on.
  const script = `"$@" & echo $! >${at("pid")}`;
  const result = await runSkep(["profile", "--json", "--", "/bin/sh", "-c", script, "sh", node, ...args]);
  assert.equal(result.code, 0, result.stderr);
  const pid = Number(readFileSync(at("pid"), "utf8"));
  const { samples, functions } = JSON.parse(result.stdout) as {
    samples: number;
    functions: { pid: number; self: number }[];
  };
  const ofDescendant = functions.filter((row) => row.pid === pid).reduce((sum, { self }) => sum + self, 0);
  // 600 ms at 99 Hz are 59 samples of the loop alone.
  assert.ok(ofDescendant > 30, `${ofDescendant} of ${samples} samples are of the descendant`);
});

test("off the CPU a sleep is what takes the time", async () => {
  const result = await runSkep(["profile", "--off-cpu", "--json", "--", "sleep", "0.3"]);
  assert.equal(result.code, 0, result.stderr);
  const { functions } = JSON.parse(result.stdout) as { functions: { process: string; self: number }[] };
  const sleptNs = functions.filter(({ process }) => process === "sleep").reduce((sum, { self }) => sum + self, 0);
  assert.ok(sleptNs >= 0.3e9, `${sleptNs} ns`);
});

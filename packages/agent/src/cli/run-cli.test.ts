import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { runSkep, SkepProcess, skepMain } from "./testing/skep-process.ts";

test("--help and help go to standard output", async () => {
  const overview = await runSkep(["--help"]);
  assert.deepEqual(await runSkep(["help"]), overview);
  assert.deepEqual(await runSkep(["-h"]), overview);
  assert.match(overview.stdout, /^Usage: skep \[COMMAND/);
  assert.equal(overview.stderr, "");
  assert.equal(overview.code, 0);
});

test("a command's help is the same by every road, even on a line that is otherwise wrong", async () => {
  const help = await runSkep(["help", "profile"]);
  assert.match(help.stdout, /^Usage: skep profile/);
  assert.equal(help.code, 0);
  assert.deepEqual(await runSkep(["profile", "--help"]), help);
  assert.deepEqual(await runSkep(["profile", "--nonsense", "-h"]), help);
});

test("--version prints this package's version", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  for (const option of ["--version", "-V"]) {
    assert.deepEqual(await runSkep([option]), { code: 0, signal: null, stdout: `${version}\n`, stderr: "" });
  }
});

const wrong: readonly [args: readonly string[], stderr: string][] = [
  [["profle"], 'skep: unknown command "profle"\n      did you mean "profile"? "skep --help" lists the commands\n'],
  [
    ["config"],
    'skep: "skep config" is no command\n      did you mean "skep config check" or "skep config print-default"?\n',
  ],
  [
    ["config", "chek", "x"],
    'skep: unknown command "config chek"\n      did you mean "skep config check" or "skep config print-default"?\n',
  ],
  [["config", "check"], "skep: FILE is missing\n      skep config check FILE\n"],
  [["xyz"], 'skep: unknown command "xyz"\n      "skep --help" lists the commands\n'],
  [
    ["help", "docter"],
    'skep: unknown command "docter"\n      did you mean "doctor"? "skep --help" lists the commands\n',
  ],
  [["--versoin"], "skep: unknown option --versoin\n      did you mean --version?\n"],
  [["-d", "10"], "skep: unknown option -d\n      the command comes first, its options after it: skep profile -d 10\n"],
  [
    ["profile", "-F", "0"],
    'skep: "0" is not a sampling frequency\n      -F takes a whole number of hertz, at least 1: -F 99\n',
  ],
  [["doctor", "x"], 'skep: unexpected argument "x"\n      "skep help doctor" lists the options\n'],
];

for (const [args, stderr] of wrong) {
  test(`"skep ${args.join(" ")}" is wrong usage`, async () => {
    assert.deepEqual(await runSkep(args), { code: 2, signal: null, stdout: "", stderr });
  });
}

test("--verbose adds where an error came from, wherever it stands", async () => {
  for (const args of [
    ["--verbose", "profle"],
    ["profile", "-F", "0", "--verbose"],
  ]) {
    const { code, stderr } = await runSkep(args);
    assert.match(stderr, /^skep: .*\n {6}.*\n\nUsageError: .*\n {4}at /);
    assert.equal(code, 2);
  }
});

test("a reader that goes away early is nobody's error", async () => {
  const skep = new SkepProcess(["help", "profile"]);
  skep.child.stdout.destroy();
  const { code, stderr } = await skep.result;
  assert.equal(stderr, "");
  assert.equal(code, 0);
});

test("a full disk under standard output is told in one line", () => {
  const { status, stderr } = spawnSync(process.execPath, ["--conditions=skep-source", skepMain, "--help"], {
    stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
    encoding: "utf8",
  });
  assert.equal(stderr, "skep: cannot write to standard output: no space left on device (ENOSPC)\n");
  assert.equal(status, 1);
});

test("what is thrown outside of any command's promise has no stack trace either", () => {
  // Throws as soon as somebody listens, from a callback of its own.
  const thrower = `process.on("newListener", (event) => {
    if (event === "uncaughtException") setImmediate(() => { throw new TypeError("boo"); });
  })`;
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--conditions=skep-source", "--import", `data:text/javascript,${encodeURIComponent(thrower)}`, skepMain, "--help"],
    { encoding: "utf8" },
  );
  assert.match(stderr, /^skep: unexpected TypeError: boo\n {6}this is a mistake in Skep: .*\n {6}adds to .*\n$/);
  assert.equal(status, 1);
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checkExecutable, commandEnvironment, describeCommandExit, LaunchedCommand } from "./launched-command.ts";

const directory = mkdtempSync(join(tmpdir(), "skep-command-"));
after(() => rmSync(directory, { recursive: true }));

test("COMMAND waits at the door, then runs with its arguments under the same pid", async () => {
  const output = join(directory, "output");
  using command = await LaunchedCommand.start(["/bin/sh", "-c", `echo "$$ $*" >${output}`, "sh", "a b", ""], false);
  assert.equal(spawnSync("test", ["-e", output]).status, 1);
  command.release();
  assert.deepEqual(await command.exited, { code: 0, signal: null });
  assert.equal(readFileSync(output, "utf8"), `${command.pid} a b \n`);
  assert.deepEqual(command.exit, { code: 0, signal: null });
});

test("COMMAND inherits no descriptor of ours beyond the standard three", async () => {
  const output = join(directory, "descriptors");
  using command = await LaunchedCommand.start(["/bin/sh", "-c", `[ ! -e /proc/self/fd/3 ]; echo $? >${output}`], false);
  command.release();
  await command.exited;
  assert.equal(readFileSync(output, "utf8"), "0\n");
});

test("COMMAND never starts when Skep lets go before the release", async () => {
  const output = join(directory, "never");
  let exited: Promise<unknown>;
  {
    using command = await LaunchedCommand.start(["touch", output], false);
    exited = command.exited;
  }
  await exited;
  assert.equal(spawnSync("test", ["-e", output]).status, 1);
});

test("a COMMAND that still runs gets SIGTERM", async () => {
  let exited: Promise<unknown>;
  {
    using command = await LaunchedCommand.start(["sleep", "60"], false);
    command.release();
    exited = command.exited;
    assert.equal(command.exit, undefined);
  }
  assert.deepEqual(await exited, { code: null, signal: "SIGTERM" });
});

test("what cannot be executed is found out before anything starts", () => {
  const plain = join(directory, "plain");
  writeFileSync(plain, "");
  chmodSync(plain, 0o644);
  mkdirSync(join(directory, "bin", "tool"), { recursive: true });
  const shell = "what follows -- runs as it is, without a shell; with one: -- sh -c 'a | b'";
  const cases: readonly [name: string, path: string | undefined, exitCode: number, message: string, hints: string[]][] =
    [
      ["nope", "/bin", 127, "cannot start nope: there is no such command on the PATH (ENOENT)", [shell]],
      ["", "/bin", 127, "cannot start : there is no such command on the PATH (ENOENT)", [shell]],
      ["./nope", "/bin", 127, "cannot start ./nope: there is no such command (ENOENT)", [shell]],
      [plain, "", 126, `cannot start ${plain}: permission denied (EACCES)`, [`is it executable? ls -l ${plain}`]],
      [
        "plain",
        `/nowhere:${directory}`,
        126,
        `cannot start ${plain}: permission denied (EACCES)`,
        [`is it executable? ls -l ${plain}`],
      ],
      ["tool", `${directory}/bin`, 126, `cannot start ${directory}/bin/tool: it is a directory`, []],
    ];
  for (const [name, path, exitCode, message, hints] of cases) {
    assert.throws(() => checkExecutable(name, path), { name: "CliError", exitCode, message, hints });
  }
  checkExecutable("tool", `${directory}/bin:${directory}/bin2`.replace(`${directory}/bin2`, toolDirectory()));
  checkExecutable("sh", undefined);
  checkExecutable("/bin/sh", "");
});

function toolDirectory(): string {
  const path = join(directory, "usable");
  mkdirSync(path);
  writeFileSync(join(path, "tool"), "#!/bin/sh\n", { mode: 0o755 });
  return path;
}

test("an exit of COMMAND is only worth a line when it went wrong", () => {
  assert.equal(describeCommandExit("make", { code: 0, signal: null }), undefined);
  assert.equal(describeCommandExit("make", { code: 2, signal: null }), "make exited with code 2");
  assert.equal(describeCommandExit("make", { code: null, signal: "SIGSEGV" }), "make was ended by SIGSEGV");
});

test("COMMAND gets our environment without what was added for Skep alone", () => {
  const own = { PATH: "/bin", MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: "65536", SKEP_ADDED_VARIABLES: "" };
  assert.deepEqual(commandEnvironment({ ...own, SKEP_ADDED_VARIABLES: "MALLOC_ARENA_MAX" }), {
    PATH: "/bin",
    MALLOC_MMAP_THRESHOLD_: "65536",
  });
  assert.equal(commandEnvironment(own)["MALLOC_ARENA_MAX"], "1");
  assert.deepEqual(commandEnvironment({ PATH: "/bin" }), { PATH: "/bin" });
});

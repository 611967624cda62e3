import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../../bin/skep.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "skep-compiled-"));
after(() => rmSync(folder, { recursive: true }));

/** The command as it is installed, in an environment of nothing but this. */
function run(environment: NodeJS.ProcessEnv): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, "help"], {
    env: environment,
    encoding: "utf8",
  });
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout;
}

for (const [where, environment, path] of [
  ["the folder that systemd chose", { CACHE_DIRECTORY: "systemd", HOME: "home" }, "systemd"],
  ["the user's cache", { XDG_CACHE_HOME: "cache", HOME: "home" }, "cache/skep"],
  ["the cache below the home folder", { HOME: "home" }, "home/.cache/skep"],
] as const) {
  test(`compiled code is kept in ${where}`, () => {
    const inFolder = Object.entries(environment).map(([name, value]) => [name, join(folder, where, value)]);
    for (const [, base = ""] of inFolder) mkdirSync(base, { recursive: true });
    const said = run(Object.fromEntries(inFolder));
    const written = readdirSync(join(folder, where)).filter(
      (name) => readdirSync(join(folder, where, name)).length > 0,
    );
    assert.deepEqual(written, [path.split("/")[0]]);
    assert.ok(readdirSync(join(folder, where, path), { recursive: true }).length > 1);
    // The next one starts with it.
    assert.equal(run(Object.fromEntries(inFolder)), said);
  });
}

for (const [whose, change] of [
  ["belongs to another user", (home: string) => chownSync(home, 65_534, 65_534)],
  ["others may write to", (home: string) => chmodSync(home, 0o777)],
] as const) {
  test(`no compiled code is kept in, nor read from, a folder that ${whose}`, () => {
    const home = mkdtempSync(join(folder, "home-"));
    change(home);
    run({ HOME: home });
    assert.deepEqual(readdirSync(home), []);
  });
}

test("where nothing can be kept, nothing is, and nothing is said", () => {
  const said = run({});
  for (const path of ["/dev/null", "/proc/skep", join(folder, "not-there")]) {
    assert.equal(run({ CACHE_DIRECTORY: path }), said);
  }
  assert.ok(!existsSync("/.cache/skep"));
});

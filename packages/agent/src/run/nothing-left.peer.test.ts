import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { runSkep, SkepProcess } from "../cli/testing/skep-process.ts";

type Kind = "prog" | "map" | "link" | "btf";
const KINDS: readonly Kind[] = ["prog", "map", "link", "btf"];

/** The ids of all that the kernel holds of a kind, as bpftool lists them. */
function ids(kind: Kind): Set<number> {
  const { stdout, stderr, status } = spawnSync("bpftool", ["--json", kind, "show"], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const objects = JSON.parse(stdout) as { id: number }[];
  return new Set(objects.map(({ id }) => id));
}

function snapshot(): Record<Kind, Set<number>> {
  return { prog: ids("prog"), map: ids("map"), link: ids("link"), btf: ids("btf") };
}

/** What is there now and wasn't before. The kernel frees a little after the last reference is gone, so this waits. */
async function whatStays(before: Record<Kind, Set<number>>): Promise<Record<string, number[]>> {
  let left: Record<string, number[]> = {};
  for (let attempt = 0; attempt < 50; attempt++) {
    left = Object.fromEntries(KINDS.map((kind) => [kind, [...ids(kind).difference(before[kind])]]));
    if (Object.values(left).every((list) => list.length === 0)) break;
    await setTimeout(100);
  }
  return left;
}

const NOTHING = { prog: [], map: [], link: [], btf: [] };

const killed: readonly [args: readonly string[], says: string][] = [
  [["profile"], "Profiling"],
  [["profile", "--off-cpu"], "Profiling"],
  [["profile", "-p", String(process.pid)], "Profiling"],
  [["syscalls"], "Counting"],
  [["processes"], "Watching"],
  [["files", "--slow", "10"], "Counting"],
  [["network"], "Watching"],
  [["http"], "Following"],
];

for (const [args, says] of killed) {
  test(`kill -9 of "skep ${args.join(" ")}" leaves nothing in the kernel`, async () => {
    const before = snapshot();
    const skep = new SkepProcess([...args, "--json", "-d", "3600"]);
    await skep.says(says);
    const during = snapshot();
    for (const kind of ["prog", "map"] as const) {
      assert.ok(during[kind].difference(before[kind]).size > 0, `bpftool sees no ${kind} of ours while it runs`);
    }
    skep.child.kill("SIGKILL");
    assert.equal((await skep.result).signal, "SIGKILL");
    assert.deepEqual(await whatStays(before), NOTHING);
  });
}

const endings: readonly [what: string, args: readonly string[], code: number][] = [
  ["a profile", ["profile", "--json", "-d", "0.1"], 0],
  ["system calls", ["syscalls", "--json", "-d", "0.1"], 0],
  ["processes", ["processes", "--json", "-d", "0.1"], 0],
  ["files", ["files", "--json", "--slow", "10", "-d", "0.1"], 0],
  ["the network", ["network", "--json", "-d", "0.1"], 0],
  ["requests", ["http", "--json", "-d", "0.1"], 0],
  ["an error", ["profile", "--json", "-p", "4194303"], 1],
  ["the doctor", ["doctor"], 0],
];

for (const [what, args, code] of endings) {
  test(`an end with ${what} leaves nothing in the kernel`, async () => {
    const before = snapshot();
    const result = await runSkep(args);
    assert.equal(result.code, code, result.stderr);
    assert.deepEqual(await whatStays(before), NOTHING);
  });
}

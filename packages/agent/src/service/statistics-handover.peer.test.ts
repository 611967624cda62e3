import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const handover = JSON.stringify(new URL("./statistics-handover.ts", import.meta.url).href);

/** Hands over, starts once more, and tells what it has then. */
const script = `
  import { readdirSync, readlinkSync } from "node:fs";
  import { handOverStatistics, takeOverStatistics } from ${handover};
  const open = () => readdirSync("/proc/self/fd").flatMap((fd) => {
    try { return readlinkSync("/proc/self/fd/" + fd) === "anon_inode:bpf-stats" ? [Number(fd)] : []; } catch { return []; }
  });
  if (process.env.AGAIN === undefined) {
    handOverStatistics();
    process.execve(process.execPath, [process.execPath, ...process.execArgv], { ...process.env, AGAIN: "1" });
  }
  const inherited = open().length;
  const taken = takeOverStatistics();
  const forChildren = process.env.SKEP_BPF_STATISTICS;
  const { execFileSync } = await import("node:child_process");
  const inChild = execFileSync("ls", ["-l", "/proc/self/fd"], { encoding: "utf8" }).includes("bpf-stats");
  taken?.[Symbol.dispose]();
  console.log(JSON.stringify({ inherited, taken: taken !== undefined, forChildren, inChild, left: open().length }));
`;

test("statistics stay on through execve, until they are let go of; programs that are started get nothing of it", () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=skep-source", "--input-type=module", "--eval", script],
    { encoding: "utf8" },
  );
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout), { inherited: 1, taken: true, inChild: false, left: 0 });
});

test("a descriptor that is something else is left alone", () => {
  const source = `
    import { takeOverStatistics } from ${handover};
    console.log(takeOverStatistics() === undefined);
  `;
  for (const value of ["1", "99", "x", ""]) {
    const { stdout } = spawnSync(
      process.execPath,
      ["--conditions=skep-source", "--input-type=module", "--eval", source],
      { encoding: "utf8", env: { ...process.env, SKEP_BPF_STATISTICS: value } },
    );
    assert.equal(stdout, "true\n", value);
  }
});

/**
 * CO-RE against libbpf, instruction for instruction: on made-up targets, on the running kernel, and on the kernels of the
 * matrix. Host only: needs root, gcc and libbpf-dev.
 *
 * `UPDATE_GOLDEN=1` writes what libbpf says about the made-up targets to the golden file of the unit test.
 */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { kernelBtfFile, kernels } from "../../../../test/vm/kernels.ts";
import { btfOfObject, objectFile, type Relocated, relocateAll, withoutDescriptors } from "../testing/core/golden.ts";

const goldenFile = new URL("../testing/core/golden.json", import.meta.url);
const targets = ["target-a", "target-b"];

let folder = "";
let libbpfDump = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "skep-core-"));
  libbpfDump = join(folder, "libbpf-dump");
  const source = new URL("../testing/core/libbpf-dump.c", import.meta.url).pathname;
  execFileSync("gcc", ["-O1", "-Wall", "-Werror", "-o", libbpfDump, source, "-lbpf"], { stdio: "inherit" });
});

after(() => rmSync(folder, { recursive: true }));

/** What libbpf makes of each program by itself: one that it refuses would keep it from relocating the others. */
function libbpfOneByOne(object: string, btfFile: string, programs: readonly string[]): Record<string, Relocated> {
  return Object.fromEntries(programs.map((name) => [name, libbpf(object, btfFile, [name])?.[name]]));
}

/** What libbpf makes of programs of an object; undefined if it refuses. */
function libbpf(object: string, btfFile: string, programs: readonly string[]): Record<string, string[]> | undefined {
  const { status, stdout, stderr } = spawnSync(libbpfDump, [object, btfFile, ...programs], { encoding: "utf8" });
  if (status === 2 && /relo #/.test(stderr)) return undefined;
  assert.equal(status, 0, stderr);
  const relocated: Record<string, string[]> = {};
  let lines: string[] = [];
  for (const line of stdout.trim().split("\n")) {
    if (/^[0-9a-f]{16}$/.test(line)) lines.push(line);
    else relocated[line] = lines = [];
  }
  return Object.fromEntries(Object.entries(relocated).map(([name, all]) => [name, withoutDescriptors(all)]));
}

describe("CO-RE relocation gives libbpf's instructions", () => {
  test("on made-up targets, which the golden file has too", () => {
    const golden: Record<string, Record<string, Relocated>> = {};
    for (const target of targets) {
      const bytes = btfOfObject(target);
      const btfFile = join(folder, `${target}.btf`);
      writeFileSync(btfFile, bytes);
      const ours = relocateAll(objectFile("rules"), bytes);
      const theirs = libbpfOneByOne(objectFile("rules"), btfFile, Object.keys(ours));
      assert.deepEqual(ours, theirs, target);
      golden[target] = theirs;
    }
    const json = `${JSON.stringify(golden, (_, value) => (value === undefined ? null : value), 2)}\n`;
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(goldenFile, json);
    assert.equal(readFileSync(goldenFile, "utf8"), json);
  });

  test("on the running kernel", () => compareOnKernel("/sys/kernel/btf/vmlinux"));

  for (const { name } of kernels) {
    test(`on Linux ${name}`, async () => compareOnKernel(await kernelBtfFile(name)));
  }
});

test("linking gives libbpf's instructions", () => {
  const ours = relocateAll(objectFile("linking"), readFileSync("/sys/kernel/btf/vmlinux"));
  const programs = ["references", "string_literal", "calls", "calls_in_another_order", "callback_address"];
  const theirs = libbpf(objectFile("linking"), "/sys/kernel/btf/vmlinux", programs);
  assert.deepEqual(
    programs.map((name) => [name, ours[name]]),
    programs.map((name) => [name, theirs?.[name]]),
  );
});

function compareOnKernel(btfFile: string): void {
  const ours = relocateAll(objectFile("kernel-types"), readFileSync(btfFile));
  assert.ok(Object.keys(ours).length > 8);
  assert.deepEqual(ours, libbpf(objectFile("kernel-types"), btfFile, []));
}

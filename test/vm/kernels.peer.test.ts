import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Btf } from "@skep/ebpf/btf";
import { kernelFiles, kernels } from "./kernels.ts";

for (const { name } of kernels) {
  test(`the BTF taken out of Linux ${name} holds the types that bpftool lists`, async () => {
    const { release, btf } = await kernelFiles(name);
    assert.match(release, /^\d+\.\d+\.\d+.*-cloud-amd64$/);
    const listed = execFileSync("bpftool", ["btf", "dump", "file", btf], { encoding: "utf8", maxBuffer: 1 << 28 });
    const lastType = /\n\[(\d+)\] [^\n]*(?:\n\t[^\n]*)*\n$/.exec(listed)?.[1];
    // The count includes void, which has the id 0 and is not listed.
    assert.equal(Btf.parse(readFileSync(btf)).typeCount - 1, Number(lastType));
  });
}

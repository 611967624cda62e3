import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { defaultSys } from "@skep/ebpf/sys";
import { fileRuns, PageRelease, releasableRanges, releaseFilePages } from "./release-pages.ts";

const mapping = (line: string, anonymousKb = 0, swapKb = 0): string =>
  `${line}\nSize: 8 kB\nAnonymous:     ${anonymousKb} kB\nSwap:       ${swapKb} kB\nSwapPss: 0 kB\nVmFlags: rd\n`;

test("only what can be read again from its file is given back", () => {
  const smaps = [
    mapping("00400000-00402000 r--p 00000000 fe:00 12 /usr/bin/node"),
    mapping("00402000-00408000 r-xp 00002000 fe:00 12 /usr/bin/node"),
    mapping("00500000-00503000 r-xp 00002000 fe:00 12 /usr/bin/with-breakpoint", 4),
    mapping("00600000-00603000 r-xp 00002000 fe:00 12 /usr/bin/with-breakpoint-and-swapped", 0, 4),
    mapping("00408000-00409000 r--p 00008000 fe:00 12 /usr/bin/relocated", 4),
    mapping("00408000-00409000 r--p 00008000 fe:00 12 /usr/bin/relocated-and-swapped", 0, 4),
    mapping("00409000-0040a000 rw-p 00009000 fe:00 12 /usr/bin/data"),
    mapping("7f0000000000-7f0000001000 r--s 00000000 fe:00 13 /usr/share/shared"),
    mapping("7f0000001000-7f0000002000 r--p 00000000 00:15 14 /sys/kernel/btf/vmlinux"),
    mapping("7f0000002000-7f0000003000 r--p 00000000 00:00 0 "),
    mapping("7f0000003000-7f0000004000 r-xp 00000000 00:00 0 [vdso]"),
    mapping("7f0000004000-7f0000005000 r--p 00000000 00:0e 15 anon_inode:bpf-map"),
    "nonsense\n",
  ].join("");
  assert.deepEqual(releasableRanges(smaps), [
    { start: 0x400000n, sizeBytes: 0x2000, hasOwnPages: false },
    { start: 0x402000n, sizeBytes: 0x6000, hasOwnPages: false },
    { start: 0x500000n, sizeBytes: 0x3000, hasOwnPages: true },
    { start: 0x600000n, sizeBytes: 0x3000, hasOwnPages: true },
  ]);
});

test("of code with breakpoints, all but their pages is given back", () => {
  const [absent, ofFile, own, swapped] = [0n, (1n << 63n) | (1n << 61n), 1n << 63n, 1n << 62n];
  const runs = (...entries: bigint[]) =>
    fileRuns({ start: 0x1000n, sizeBytes: 0 }, new Uint32Array(BigUint64Array.from(entries).buffer), 0x1000).map(
      ({ start, sizeBytes }) => [Number(start) / 0x1000, sizeBytes / 0x1000],
    );
  assert.deepEqual(runs(absent, ofFile, ofFile), [[1, 3]]);
  assert.deepEqual(runs(own, ofFile, absent, own, swapped, ofFile), [
    [2, 2],
    [6, 1],
  ]);
  assert.deepEqual(runs(ofFile, own), [[1, 1]]);
  assert.deepEqual(runs(own, swapped), []);
  assert.deepEqual(runs(), []);
});

test("resident memory goes down, and all goes on as before", () => {
  const residentFileKb = (): number =>
    Number(/^RssFile:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]);
  const before = residentFileKb();
  assert.ok(releaseFilePages() > 10 * 2 ** 20);
  assert.ok(residentFileKb() < before - 10_000, `${before} kB before, ${residentFileKb()} kB after`);
  assert.equal(JSON.parse("[1]").length, 1);
});

test("what is given back again later does not keep the process running", () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  using _release = new PageRelease();
  assert.equal(timers(), before);
});

test("what malloc keeps of memory that was freed is given back", () => {
  // Below the size from which malloc asks the kernel for each piece; every other one stays, so that nothing ends at the top.
  const pieces = Array.from({ length: 2000 }, () => new Uint8Array(32 * 1024).fill(1));
  const anonymousKb = (): number => Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]);
  for (const [index, piece] of pieces.entries()) if (index % 2 === 0) piece.buffer.transfer(0);
  const before = anonymousKb();
  // With musl there is nothing to do.
  if (defaultSys().trimMalloc() === 0) return;
  assert.ok(anonymousKb() < before - 20_000, `${before} kB before, ${anonymousKb()} kB after`);
  assert.equal(pieces[1]?.[0], 1);
});

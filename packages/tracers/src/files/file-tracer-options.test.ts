import assert from "node:assert/strict";
import { test } from "node:test";
import { assertFileTracerOptions, type FileTracerOptions, fileTracerLimits } from "./file-tracer-options.ts";

test("what cannot be is refused by name", () => {
  for (const [options, message] of [
    [{ slowNs: 0 }, "no operation takes 0 ns"],
    [{ slowNs: 1.5 }, "no operation takes 1.5 ns"],
    [{ slowNs: Number.NaN }, "no operation takes NaN ns"],
    [{ fileSystems: ["ext4", "ext5"] }, 'this kernel has no file system "ext5"'],
    [{ fileSystems: [""] }, 'this kernel has no file system ""'],
    [{ fileSystems: Array<string>(65).fill("ext4") }, "65 types of file systems are too many"],
  ] as [FileTracerOptions, string][]) {
    assert.throws(() => assertFileTracerOptions(options, ["ext4", "tmpfs"]), { code: "invalid-argument", message });
  }
});

test("what can be is taken, the types of this kernel among it", () => {
  assertFileTracerOptions({});
  assertFileTracerOptions({ slowNs: 1, fileSystems: ["proc", "tmpfs", "pipefs", "sockfs", "anon_inodefs"] });
});

test("there is room for as many threads again as there are", () => {
  assert.equal(fileTracerLimits(100, {}).threads, 2048);
  assert.equal(fileTracerLimits(10_000, {}).threads, 20_000);
  const limits = { rows: 2, threads: 3, files: 4, readIntervalMs: 5 };
  assert.deepEqual(fileTracerLimits(1, { limits }), limits);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileDescription } from "./file-descriptions.ts";
import type { FileOperations } from "./file-report.ts";
import { FileStore, operationCount, sumOperations } from "./file-store.ts";

const nothing: FileOperations = {
  opens: 0,
  reads: 0,
  writes: 0,
  syncs: 0,
  readBytes: 0,
  writtenBytes: 0,
  openNs: 0,
  readNs: 0,
  writeNs: 0,
  syncNs: 0,
};

function file(path: string): FileDescription {
  return { process: { pid: 1, name: "a" }, path, type: "file", fileSystem: "ext4", deleted: false, identity: path };
}

test("rows of one file add up, what failed by why", () => {
  const store = new FileStore(10);
  store.add(file("/a"), { ...nothing, opens: 1, reads: 2, readBytes: 100, readNs: 5 }, undefined);
  store.add(file("/a"), { ...nothing, reads: 3, readNs: 7 }, "EIO");
  store.add(file("/a"), { ...nothing, reads: 1, writes: 1 }, "EIO");
  store.add(file("/a"), { ...nothing, opens: 1 }, "EACCES");
  const { files, unattributed, evicted } = store.take();
  assert.deepEqual(files, [
    {
      process: { pid: 1, name: "a" },
      path: "/a",
      type: "file",
      fileSystem: "ext4",
      deleted: false,
      ...nothing,
      opens: 2,
      reads: 6,
      writes: 1,
      readBytes: 100,
      readNs: 12,
      errors: { EIO: 5, EACCES: 1 },
    },
  ]);
  assert.deepEqual([unattributed, evicted], [nothing, 0]);
  assert.deepEqual(store.take().files, []);
});

test("most bytes come first, then most operations", () => {
  const store = new FileStore(10);
  store.add(file("/few"), { ...nothing, reads: 1 }, undefined);
  store.add(file("/many"), { ...nothing, opens: 5 }, undefined);
  store.add(file("/large"), { ...nothing, readBytes: 5, writtenBytes: 6 }, undefined);
  store.add(file("/larger"), { ...nothing, writtenBytes: 12 }, undefined);
  assert.deepEqual(
    store.take().files.map(({ path }) => path),
    ["/larger", "/large", "/many", "/few"],
  );
});

test("the files used longest ago go first, and their sums stay", () => {
  const store = new FileStore(3);
  for (const path of ["/a", "/b", "/c", "/a", "/d", "/e"]) {
    store.add(file(path), { ...nothing, writes: 1, writtenBytes: 10 }, undefined);
  }
  const { files, unattributed, evicted } = store.take();
  assert.deepEqual(files.map(({ path }) => path).sort(), ["/a", "/d", "/e"]);
  assert.equal(evicted, 2);
  const sum = files.reduce(sumOperations, unattributed);
  assert.deepEqual([operationCount(sum), sum.writtenBytes], [6, 60]);
  assert.deepEqual(store.take().unattributed, nothing);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { TracedProcesses } from "../traced-processes.ts";
import { FileDescriptions } from "./file-descriptions.ts";
import { type FileKey, FileKind, type FileRecord } from "./file-table.ts";

/** `PATH_*` of kernel/path.h. */
const DELETED = 2;
const APART = 8;

/** No process has this pid. */
const pid = 4_194_305;
const encoder = new TextEncoder();

function key(kind: number, identity = "file"): FileKey {
  return { identity, pid, image: 7, kind, error: 0 };
}

function record(
  kind: number,
  shown: Partial<Omit<FileRecord, "asked" | "names">> & { asked?: string; names?: string },
): FileRecord {
  const { asked, names = "", ...rest } = shown;
  return {
    key: key(kind),
    processName: "cat",
    fileSystem: "ext4",
    pathFlags: 0,
    ...rest,
    asked: asked === undefined ? undefined : encoder.encode(asked),
    names: encoder.encode(names),
  };
}

test("what is shown of a file is what the kernel told of it", () => {
  for (const [told, path, type, fileSystem] of [
    [record(FileKind.regular, { names: "hosts\0etc\0" }), "/etc/hosts", "file", "ext4"],
    [record(FileKind.directory, { names: "" }), "/", "directory", "ext4"],
    [record(FileKind.device, { names: "null\0dev\0", fileSystem: "devtmpfs" }), "/dev/null", "device", "devtmpfs"],
    [record(FileKind.socket, { fileSystem: "", pathFlags: APART }), "socket", "socket", "sockfs"],
    [record(FileKind.pipe, { fileSystem: "", pathFlags: APART }), "pipe", "pipe", "pipefs"],
    [record(FileKind.pipe, { names: "fifo\0tmp\0" }), "/tmp/fifo", "pipe", "ext4"],
    [record(FileKind.absent, { fileSystem: "", pathFlags: APART }), "bad descriptor", "none", ""],
    [
      record(FileKind.other, { names: "[eventfd]\0", fileSystem: "anon_inodefs", pathFlags: APART }),
      "anon_inode:[eventfd]",
      "other",
      "anon_inodefs",
    ],
    [
      record(FileKind.regular, { names: "memfd:x\0", fileSystem: "tmpfs", pathFlags: APART }),
      "memfd:x",
      "file",
      "tmpfs",
    ],
    [record(FileKind.regular, { names: "\0", fileSystem: "nsfs", pathFlags: APART }), "nsfs", "file", "nsfs"],
    [record(FileKind.named, { asked: "/a", fileSystem: "", pathFlags: APART }), "/a", "none", ""],
    [record(FileKind.named, { asked: "a", names: "b\0", fileSystem: "" }), "/b/a", "none", ""],
    [record(FileKind.named, { asked: "././/a/../c", names: "b\0", fileSystem: "" }), "/b/a/../c", "none", ""],
    [record(FileKind.named, { asked: "a", names: "", fileSystem: "" }), "/a", "none", ""],
    [record(FileKind.named, { asked: "a", fileSystem: "", pathFlags: APART }), "a", "none", ""],
    [record(FileKind.named, { fileSystem: "", pathFlags: APART }), "[unknown]", "none", ""],
  ] as const) {
    const descriptions = new FileDescriptions(new TracedProcesses(10));
    descriptions.add(told);
    const shown = descriptions.get(told.key);
    assert.deepEqual([shown.path, shown.type, shown.fileSystem], [path, type, fileSystem]);
    assert.deepEqual(shown.process, { pid, name: "cat" });
  }
});

test("a removed name is told apart from one that is there", () => {
  const descriptions = new FileDescriptions(new TracedProcesses(10));
  const identities = [0, DELETED].map((pathFlags) => {
    descriptions.add(record(FileKind.regular, { names: "a\0", pathFlags }));
    const { deleted, path, identity } = descriptions.get(key(FileKind.regular));
    assert.deepEqual([deleted, path], [pathFlags === DELETED, "/a"]);
    return identity;
  });
  assert.notEqual(identities[0], identities[1]);
});

test("a file is known until the table after the next one was read", () => {
  const descriptions = new FileDescriptions(new TracedProcesses(10));
  descriptions.add(record(FileKind.regular, { names: "a\0" }));
  for (const path of ["/a", "/a", "[unknown]"]) {
    assert.equal(descriptions.get(key(FileKind.regular)).path, path);
    descriptions.rotate();
  }
  assert.equal(descriptions.get(key(FileKind.regular, "another")).path, "[unknown]");
});

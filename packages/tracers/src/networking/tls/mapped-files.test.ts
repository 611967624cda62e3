import assert from "node:assert/strict";
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { identityOf, installedLibraries, libraryKib, mappedFiles, openMappedFile, processIds } from "./mapped-files.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "skep-mapped-"));
  after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A made-up /proc with one process. */
function procWith(pid: number, files: Readonly<Record<string, string>>): string {
  const proc = folder();
  mkdirSync(join(proc, `${pid}`));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(proc, `${pid}`, name), text);
  return proc;
}

test("each file that code is run of is found once", () => {
  const maps = [
    "5600-5700 r--p 00000000 fd:01 11 /usr/bin/curl",
    "5700-5800 r-xp 00001000 fd:01 11 /usr/bin/curl",
    "5800-5900 r-xp 00002000 fd:01 11 /usr/bin/curl",
    "7000-7100 r-xp 00001000 fd:01 12 /usr/lib/libssl.so.3 (deleted)",
    "7100-7200 r-xp 00001000 00:2f 12 /opt/with space/libssl.so.3",
    "7200-7300 r--p 00000000 fd:01 13 /usr/share/data",
    "7300-7400 rwxp 00000000 00:00 0 ",
    "7400-7500 r-xp 00000000 00:00 0 [vdso]",
    "no line of maps",
  ].join("\n");
  const files = mappedFiles(7, procWith(7, { maps }));
  assert.deepEqual(
    files.map(({ identity, path }) => [identity, path]),
    [
      ["fd:01 11", "/usr/bin/curl"],
      ["fd:01 12", "/usr/lib/libssl.so.3"],
      ["00:2f 12", "/opt/with space/libssl.so.3"],
    ],
  );
});

test("a process that is gone has no files", () => {
  const proc = procWith(7, { maps: "" });
  assert.deepEqual(mappedFiles(7, proc), []);
  assert.deepEqual(mappedFiles(8, proc), []);
  assert.equal(libraryKib(8, proc), undefined);
});

test("hostile lines of maps do no harm", () => {
  const maps = [
    "-",
    "1-",
    "zz-yy r-xp 0 0:0 1 /x",
    `1-2 r-xp 0 0:0 1 /${"x".repeat(1 << 20)}`,
    "\0\0\0",
    "9-1 r-xp 0 0:0 1 /y",
  ];
  assert.ok(mappedFiles(7, procWith(7, { maps: maps.join("\n") })).length <= 1);
});

test("a mapped file is opened by what is mapped, or else by its name if it is the same file", () => {
  const proc = procWith(7, {});
  const library = join(proc, "7", "root", "lib.so");
  mkdirSync(join(proc, "7", "root"));
  writeFileSync(library, "the file");
  const { ino } = statSync(library);
  const file = {
    identity: "x",
    path: "/lib.so",
    range: {
      start: 0x7000,
      end: 0x7100,
      fileOffset: 0,
      device: "0:0",
      inode: ino,
      path: "/lib.so",
      kind: "file",
      deleted: false,
    },
  } as const;
  const read = (): string | undefined => {
    const descriptor = openMappedFile(7, file, proc);
    if (descriptor === undefined) return undefined;
    const text = readFileSync(descriptor, "utf8");
    closeSync(descriptor);
    return text;
  };
  assert.equal(read(), "the file");
  // It was replaced: only what is mapped still leads to it.
  const kept = join(proc, "kept");
  linkSync(library, kept);
  rmSync(library);
  writeFileSync(library, "another file");
  assert.equal(read(), undefined);
  mkdirSync(join(proc, "7", "map_files"));
  symlinkSync(kept, join(proc, "7", "map_files", "7000-7100"));
  assert.equal(read(), "the file");
});

test("of this process what it has mapped is found, and is what it is by its descriptor", () => {
  const file =
    mappedFiles(process.pid).find(({ path }) => path === process.execPath) ?? assert.fail("Node.js is mapped");
  const descriptor = openMappedFile(process.pid, file) ?? assert.fail("it can be opened");
  assert.equal(statSync(`/proc/self/fd/${descriptor}`).ino, statSync(process.execPath).ino);
  assert.equal(identityOf(descriptor), file.identity);
  closeSync(descriptor);
  assert.ok(processIds().includes(process.pid));
  assert.ok((libraryKib(process.pid) ?? 0) > 0);
});

test("installed libraries are found in the folders of all architectures, by their names alone", () => {
  const root = folder();
  const triplet = join(root, "x86_64-linux-gnu");
  mkdirSync(triplet);
  for (const name of ["libssl.so.3", "libgnutls.so.30", "libssl3.so", "libssl.a"])
    writeFileSync(join(triplet, name), "");
  writeFileSync(join(root, "node"), "");
  assert.deepEqual(
    installedLibraries([root, join(root, "none")]).sort(),
    [process.execPath, join(root, "node"), join(triplet, "libgnutls.so.30"), join(triplet, "libssl.so.3")].sort(),
  );
});

test("a folder's descriptor has an identity, too", () => {
  const descriptor = openSync("/", "r");
  assert.match(identityOf(descriptor), /^[0-9a-f]{2,}:[0-9a-f]{2,} \d+$/);
  closeSync(descriptor);
});

import assert from "node:assert/strict";
import { closeSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { ElfFile } from "@skep/ebpf/elf";
import type { MemoryRange } from "../process/maps.ts";
import { readProcess } from "../process/read-process.ts";
import { buildElf } from "../testing/elf-builder.ts";
import { findDebugFile } from "./debug-file.ts";
import { MappedFile } from "./mapped-file.ts";
import { MappedFiles } from "./mapped-files.ts";
import { identifyRegularFile, openRegularFile } from "./open-file.ts";

const directory = mkdtempSync(join(tmpdir(), "skep-files-"));
after(() => rmSync(directory, { recursive: true }));

const buildId = "aabbccddeeff00112233";
const symtab = [{ name: "from_debug_file", value: 0x1000, sizeBytes: 0x100 }];

/** Writes files below a directory that stands for a process's root. */
function rootWith(files: Readonly<Record<string, Uint8Array>>): string {
  const root = mkdtempSync(join(directory, "root-"));
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
  return root;
}

function isFound(binary: Uint8Array, roots: readonly string[]): boolean {
  const found = findDebugFile(ElfFile.parse(binary), "/opt/app/server", roots);
  if (found === undefined) return false;
  assert.equal(found.elf.symbolTable("symtab")?.name(1), "from_debug_file");
  closeSync(found.descriptor);
  return true;
}

describe("findDebugFile", () => {
  const byBuildId = "usr/lib/debug/.build-id/aa/bbccddeeff00112233.debug";
  const debug = buildElf({ symtab });
  const debugWithId = buildElf({ symtab, buildId });
  const binaryWithId = buildElf({ buildId });
  const binaryWithLink = buildElf({ debugLink: { fileName: "server.debug", crc32: crc32(debug) } });

  it("finds by build id", () => {
    assert.equal(isFound(binaryWithId, [rootWith({ [byBuildId]: debugWithId })]), true);
  });

  it("does not believe a file of another build id", () => {
    const other = buildElf({ symtab, buildId: "ffffffffffffffffffff" });
    assert.equal(isFound(binaryWithId, [rootWith({ [byBuildId]: other })]), false);
  });

  for (const path of ["opt/app/server.debug", "opt/app/.debug/server.debug", "usr/lib/debug/opt/app/server.debug"]) {
    it(`finds by debug link in ${path}`, () => {
      assert.equal(isFound(binaryWithLink, [rootWith({ [path]: debug })]), true);
    });
  }

  it("does not believe a linked file of another checksum", () => {
    const other = buildElf({ symtab, textSizeBytes: 0x800 });
    assert.equal(isFound(binaryWithLink, [rootWith({ "opt/app/server.debug": other })]), false);
  });

  it("follows no link out of the directory", () => {
    const binary = buildElf({ debugLink: { fileName: "../server.debug", crc32: crc32(debug) } });
    assert.equal(isFound(binary, [rootWith({ "opt/server.debug": debug })]), false);
  });

  it("looks in one root after the other", () => {
    const roots = [rootWith({}), rootWith({ [byBuildId]: debugWithId })];
    assert.equal(isFound(binaryWithId, roots), true);
  });

  it("passes over what is no ELF file", () => {
    assert.equal(isFound(binaryWithId, [rootWith({ [byBuildId]: Buffer.from("no") })]), false);
  });

  it("finds nothing for a binary that tells nothing", () => {
    assert.equal(isFound(buildElf({}), [rootWith({})]), false);
  });
});

describe("openRegularFile", () => {
  it("opens files, and neither devices, directories, nor links where they are forbidden", () => {
    const path = join(directory, "plain");
    const link = join(directory, "link");
    writeFileSync(path, "x");
    symlinkSync(path, link);
    const file = openRegularFile(path);
    assert.ok(file !== undefined);
    closeSync(file.descriptor);
    assert.equal(file.identity, identifyRegularFile(path)?.identity);
    const noFollow = 0o400000;
    for (const [other, flags] of [
      ["/dev/null", 0],
      [directory, 0],
      [join(directory, "missing"), 0],
      [link, noFollow],
    ] as const) {
      assert.equal(openRegularFile(other, flags), undefined);
    }
  });
});

describe("MappedFile", () => {
  function mapped(bytes: Uint8Array): MappedFile {
    const path = join(mkdtempSync(join(directory, "mapped-")), "file");
    writeFileSync(path, bytes);
    const file = openRegularFile(path);
    assert.ok(file !== undefined);
    return new MappedFile(file, path);
  }

  it("reads its symbols when asked, again after it forgot them, and not after it was closed", () => {
    const file = mapped(buildElf({ symtab, buildId }));
    assert.equal(file.memoryBytes, 0);
    assert.equal(file.symbols(process.pid)?.buildId, buildId);
    assert.equal(file.name(0x1000), "from_debug_file");
    assert.ok(file.memoryBytes > 0);
    file.forget();
    assert.equal(file.memoryBytes, 0);
    assert.equal(file.isParsed, false);
    assert.equal(file.name(0x1000), undefined);
    file.symbols(process.pid);
    assert.equal(file.name(0x1000), "from_debug_file");
    file.close();
    file.close();
    assert.equal(file.symbols(process.pid), undefined);
    assert.equal(file.name(0x1000), undefined);
  });

  it("has no symbols where it is no ELF file, and is not read again", () => {
    const file = mapped(Buffer.from("#!/bin/sh\n"));
    assert.equal(file.symbols(process.pid), undefined);
    assert.equal(file.isParsed, true);
    file.close();
  });
});

describe("MappedFiles", () => {
  /** A file, and the line of maps that a process would have of it. */
  function mappedRange(name: string): MemoryRange {
    const path = join(directory, name);
    writeFileSync(path, buildElf({ symtab }));
    const inode = statSync(path).ino;
    // No process has memory there: as without the right to look into map_files.
    return { start: 0, end: 1, fileOffset: 0, device: "00:00", inode, path, kind: "file", deleted: false };
  }

  it("finds a file by its path where map_files is out of reach, and opens it once", () => {
    const files = new MappedFiles(2, 1 << 20);
    const range = mappedRange("by-path");
    const identity = files.open(process.pid, range);
    assert.ok(identity !== undefined);
    assert.equal(files.open(process.pid, range), identity);
    assert.equal(files.openCount, 1);
    const file = files.get(identity);
    assert.ok(file !== undefined);
    file.symbols(process.pid);
    assert.equal(file.name(0x1000), "from_debug_file");
    assert.equal(files.memoryBytes, file.memoryBytes);
    files.close();
    assert.equal(files.openCount, 0);
  });

  it("does not take another file of the same path for it", () => {
    const files = new MappedFiles(2, 1 << 20);
    const range = mappedRange("other");
    assert.equal(files.open(process.pid, { ...range, inode: range.inode + 1 }), undefined);
    assert.equal(files.open(process.pid, { ...range, deleted: true }), undefined);
    assert.equal(files.open(process.pid, { ...range, path: "/dev/null" }), undefined);
    files.close();
  });

  it("knows a file that is open by its device and inode, as maps have them, while it is what it was", () => {
    const files = new MappedFiles(2, 1 << 20);
    const mapped = readProcess(process.pid)?.ranges.find(({ path }) => path === process.execPath);
    assert.ok(mapped !== undefined);
    const executable = files.open(process.pid, mapped);
    assert.ok(executable !== undefined);
    const gone = { start: 0, end: 1, path: "/gone", deleted: true };
    assert.equal(files.open(process.pid, { ...mapped, ...gone }), executable);
    const range = { ...mappedRange("overwritten"), device: mapped.device };
    // Where temporary files are on another file system, there is nothing to see.
    if (statSync(range.path).dev === statSync(process.execPath).dev) {
      const before = files.open(process.pid, range);
      assert.equal(files.open(process.pid, { ...range, ...gone }), before);
      writeFileSync(range.path, buildElf({ symtab, textSizeBytes: 0x800 }));
      assert.equal(files.open(process.pid, { ...range, ...gone }), undefined);
      assert.notEqual(files.open(process.pid, range), before);
    }
    files.close();
    assert.equal(files.open(process.pid, { ...mapped, ...gone }), undefined);
  });

  it("drops the names of the files used longest ago, when all take too much", () => {
    const files = new MappedFiles(4, 300);
    const opened = ["first", "second"].map((name) => files.get(files.open(process.pid, mappedRange(name)) ?? ""));
    for (const file of opened) {
      file?.symbols(process.pid);
      file?.name(0x1000);
    }
    files.trim();
    assert.deepEqual(
      opened.map((file) => file?.isParsed),
      [false, true],
    );
    files.close();
  });
});

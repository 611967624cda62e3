import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isAtLeast, kernelVersion } from "@skep/ebpf/features";
import { defaultSys } from "@skep/ebpf/sys";
import { disableFaultAround } from "./fault-around.ts";

/** sys/mman.h */
const [PROT_READ, MAP_PRIVATE] = [1, 2];
const PAGES = 256;

/** Memory of a file, none of whose pages has been touched. */
class MappedFile implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "skep-fault-around-"));
  readonly #mapping;
  readonly #view: Uint8Array;

  constructor() {
    const sys = defaultSys();
    const path = join(this.#folder, "file");
    const sizeBytes = PAGES * sys.pageSizeBytes;
    writeFileSync(path, new Uint8Array(sizeBytes).fill(1));
    const file = openSync(path, "r");
    const mapping = sys.mmap(sizeBytes, PROT_READ, MAP_PRIVATE, file, 0);
    closeSync(file);
    assert.ok(typeof mapping === "object");
    this.#mapping = mapping;
    this.#view = new Uint8Array(mapping.buffer);
  }

  get range() {
    return { start: this.#mapping.address, sizeBytes: this.#mapping.sizeBytes };
  }

  get residentPages(): number {
    const [, after = ""] = readFileSync("/proc/self/smaps", "latin1").split(`\n${this.range.start.toString(16)}-`);
    return (Number(/^Rss: +(\d+) kB$/m.exec(after)?.[1]) * 1024) / defaultSys().pageSizeBytes;
  }

  touch(page: number): void {
    assert.equal(this.#view[page * defaultSys().pageSizeBytes], 1);
  }

  [Symbol.dispose](): void {
    this.#mapping.unmap();
    rmSync(this.#folder, { recursive: true });
  }
}

/** Nothing is skipped on a kernel that can do it. */
const from67 = { skip: isAtLeast(kernelVersion(), "6.7") ? false : "it came with Linux 6.7" };

test("a page of a file comes back by itself, not with its neighbours", from67, () => {
  using file = new MappedFile();
  using disabled = disableFaultAround([file.range]);
  assert.ok(disabled !== undefined);
  file.touch(100);
  assert.equal(file.residentPages, 1);
  file.touch(101);
  file.touch(200);
  assert.equal(file.residentPages, 3);
});

test("pages come with their neighbours again when it has ended", () => {
  using file = new MappedFile();
  disableFaultAround([file.range])?.[Symbol.dispose]();
  // Several, and 16 of each at most: pages that the kernel is busy with are left out.
  for (let page = 0; page < PAGES; page += 32) file.touch(page);
  assert.ok(file.residentPages > PAGES / 32, `${file.residentPages} pages`);
});

test("where the kernel refuses, nothing is left open", () => {
  const calls: string[] = [];
  const sys = {
    address: () => 0n,
    close: (fd: number) => calls.push(`close ${fd}`),
  };
  assert.equal(disableFaultAround([], { ...sys, userfaultfd: () => -1, ioctl: () => 0 }), undefined);
  assert.deepEqual(calls, []);
  assert.equal(disableFaultAround([], { ...sys, userfaultfd: () => 7, ioctl: () => -22 }), undefined);
  assert.deepEqual(calls, ["close 7"]);
});

import { closeSync, constants, fstatSync, readSync } from "node:fs";
import { openRegularFile } from "../elf/open-file.ts";
import type { NamespaceIdentity } from "../process/process-status.ts";
import { PerfMapTable } from "./perf-map-table.ts";

/** 4 MB of table for one process. */
const maxEntries = 1 << 18;
const chunkBytes = 1 << 18;
const maxNameBytes = 1024;
const decoder = new TextDecoder();

/**
 * The file in which a process's JIT compiler names its code, `/tmp/perf-PID.map`: open from when it was found, so that
 * it can still be read after the process ended, and read on from where it ended the last time.
 */
export class PerfMap {
  readonly #descriptor: number;
  readonly #table = new PerfMapTable(maxEntries);
  #readBytes = 0;
  #closed = false;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /**
   * Looks in the process's own `/tmp` for the number that the process knows itself by, then in ours for the pid that we
   * know it by. The file must belong to the process's user or to root: `/tmp` is open to all, and another user could name the
   * code of this process.
   */
  static open(pid: number, identity: NamespaceIdentity): PerfMap | undefined {
    const paths = [`/proc/${pid}/root/tmp/perf-${identity.innermostPid}.map`, `/tmp/perf-${pid}.map`];
    for (const path of paths) {
      const file = openRegularFile(path, constants.O_NOFOLLOW);
      if (file === undefined) continue;
      if (file.userId === 0 || identity.userIds.includes(file.userId)) return new PerfMap(file.descriptor);
      closeSync(file.descriptor);
    }
    return undefined;
  }

  get memoryBytes(): number {
    return this.#table.memoryBytes;
  }

  /** Reads what was written since the last time. True when there was something. */
  refresh(): boolean {
    if (this.#closed) return false;
    const sizeBytes = fstatSync(this.#descriptor).size;
    if (sizeBytes < this.#readBytes) {
      // Written anew: a process of the same number, or a compiler that starts over.
      this.#table.clear();
      this.#readBytes = 0;
    }
    const before = this.#readBytes;
    // Names are kept as 32-bit offsets. No compiler has written 4 GB of them yet.
    const end = Math.min(sizeBytes, 0xffff_ffff);
    const buffer = new Uint8Array(Math.min(chunkBytes, Math.max(0, end - before)));
    while (this.#readBytes < end) {
      const count = readSync(this.#descriptor, buffer, 0, buffer.length, this.#readBytes);
      const taken = this.#table.append(buffer.subarray(0, count), this.#readBytes);
      if (taken > 0) this.#readBytes += taken;
      // Half a line: the rest comes later. One that fills the buffer is no line: pass over it.
      else if (count < buffer.length || count < chunkBytes) break;
      else this.#readBytes += count;
    }
    return this.#readBytes !== before;
  }

  /** The compiler's name for the code at an address, as it is in the file. */
  name(address: number): string | undefined {
    const offset = this.#closed ? undefined : this.#table.nameOffset(address);
    if (offset === undefined) return undefined;
    const bytes = new Uint8Array(maxNameBytes);
    const count = readSync(this.#descriptor, bytes, 0, maxNameBytes, offset);
    const end = bytes.indexOf(0x0a);
    const name = decoder.decode(bytes.subarray(0, end < 0 ? count : end)).trim();
    return name === "" ? undefined : name;
  }

  close(): void {
    if (!this.#closed) closeSync(this.#descriptor);
    this.#closed = true;
  }
}

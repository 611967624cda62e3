import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { Btf } from "../btf/btf.ts";
import { BpfError, FormatError } from "../errors.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { failure } from "../sys/failure.ts";
import type { MemoryMapping, Sys } from "../sys/sys.ts";
import { MapMemory, Protection } from "../sys/uapi.ts";

const DIRECTORY = "/sys/kernel/btf";

/** Types of a kernel and of its modules, by module name. */
export interface KernelTypes {
  readonly vmlinux: Btf;
  modules(): ReadonlyMap<string, Btf>;
}

/**
 * The types of the running kernel: 4 to 10 MB, and an index of 1 MB.
 *
 * They are mapped outside of the JavaScript heap and go back to the system at once when the last one who opened them
 * disposes of it, not when the garbage collector comes by. Who loads several objects one after the other keeps it open
 * meanwhile and passes it to each: `Collection.load(object, { kernelBtf })`.
 */
export class KernelBtf implements KernelTypes, Disposable {
  static #shared: { readonly btf: Btf; readonly mapping: MemoryMapping; users: number } | undefined;

  readonly vmlinux: Btf;
  #modules: ReadonlyMap<string, Btf> | undefined;
  #closed = false;

  private constructor(vmlinux: Btf) {
    this.vmlinux = vmlinux;
  }

  /** @throws {BpfError} `not-supported` on a kernel without BTF */
  static open(options: { readonly sys?: Sys } = {}): KernelBtf {
    if (KernelBtf.#shared === undefined) {
      const mapping = mapVmlinux(options.sys ?? defaultSys());
      try {
        KernelBtf.#shared = { btf: Btf.parse(new Uint8Array(mapping.buffer)), mapping, users: 0 };
      } catch (error) {
        mapping.unmap();
        throw error;
      }
    }
    KernelBtf.#shared.users++;
    return new KernelBtf(KernelBtf.#shared.btf);
  }

  /**
   * Types of the loaded modules by module name. Read when first asked for, since there may be a hundred; one that makes
   * no sense is left out (distributions have shipped such).
   */
  modules(): ReadonlyMap<string, Btf> {
    this.#modules ??= readModules(this.vmlinux);
    return this.#modules;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#modules = undefined;
    const shared = KernelBtf.#shared;
    if (shared === undefined || --shared.users > 0) return;
    KernelBtf.#shared = undefined;
    shared.mapping.unmap();
  }
}

function mapVmlinux(sys: Sys): MemoryMapping {
  let fd: number;
  try {
    fd = openSync(`${DIRECTORY}/vmlinux`, "r");
  } catch (cause) {
    throw new BpfError("not-supported", "this kernel does not describe its types (no /sys/kernel/btf/vmlinux)", {
      hint: "use a kernel >= 5.8 built with CONFIG_DEBUG_INFO_BTF: Debian >= 11, Ubuntu >= 20.10, RHEL >= 8.2",
      cause,
    });
  }
  try {
    const sizeBytes = fstatSync(fd).size;
    // Since 6.15 the file can be mapped, which costs no copy; before that mmap says ENODEV.
    const direct = sys.mmap(sizeBytes, Protection.READ, MapMemory.PRIVATE, fd, 0);
    return typeof direct === "number" ? readIntoMapping(sys, fd, sizeBytes) : direct;
  } finally {
    closeSync(fd);
  }
}

function readIntoMapping(sys: Sys, fd: number, sizeBytes: number): MemoryMapping {
  const flags = MapMemory.PRIVATE | MapMemory.ANONYMOUS;
  const mapping = sys.mmap(sizeBytes, Protection.READ | Protection.WRITE, flags, -1, 0);
  if (typeof mapping === "number") throw failure(mapping, "mmap", "reading the kernel's types");
  const bytes = new Uint8Array(mapping.buffer);
  for (let offset = 0; offset < sizeBytes; ) {
    const count = readSync(fd, bytes, offset, sizeBytes - offset, offset);
    if (count === 0) break;
    offset += count;
  }
  return mapping;
}

function readModules(vmlinux: Btf): Map<string, Btf> {
  const modules = new Map<string, Btf>();
  for (const name of readdirSync(DIRECTORY)) {
    if (name === "vmlinux") continue;
    try {
      modules.set(name, Btf.parse(readFileSync(`${DIRECTORY}/${name}`), vmlinux));
    } catch (error) {
      const unloaded = (error as NodeJS.ErrnoException).code === "ENOENT";
      if (!unloaded && !(error instanceof FormatError)) throw error;
    }
  }
  return modules;
}

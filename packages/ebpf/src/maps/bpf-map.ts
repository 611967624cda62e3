import { readFileSync } from "node:fs";
import type { BpfError } from "../errors.ts";
import { failure, type Meanings } from "../sys/failure.ts";
import type { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";

/** What the kernel was asked for. */
export interface MapShape {
  readonly name: string;
  /** `BPF_MAP_TYPE_*`. */
  readonly type: number;
  readonly keySizeBytes: number;
  /** Of one CPU's value in per-CPU maps. */
  readonly valueSizeBytes: number;
  readonly maxEntries: number;
  /** `BPF_F_*`. */
  readonly flags: number;
}

/** A map in the kernel. It goes when nothing refers to it any more: neither this nor a loaded program. */
export abstract class BpfMap implements Disposable, MapShape {
  readonly name: string;
  readonly type: number;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly maxEntries: number;
  readonly flags: number;
  protected readonly sys: Sys;
  readonly #descriptor: FileDescriptor;

  constructor(sys: Sys, descriptor: FileDescriptor, shape: MapShape) {
    this.sys = sys;
    this.#descriptor = descriptor;
    this.name = shape.name;
    this.type = shape.type;
    this.keySizeBytes = shape.keySizeBytes;
    this.valueSizeBytes = shape.valueSizeBytes;
    this.maxEntries = shape.maxEntries;
    this.flags = shape.flags;
  }

  /** The descriptor, -1 once disposed of. It belongs to this object: don't close it. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * Kernel memory that the map takes, as /proc/self/fdinfo has it: exact from 6.4 on, before that the size of its
   * entries without their overhead, as many as there can be.
   */
  memoryBytes(): number {
    const match = /^memlock:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${this.fd}`, "latin1"));
    return Number(match?.[1] ?? 0);
  }

  [Symbol.dispose](): void {
    this.#descriptor[Symbol.dispose]();
  }

  protected failure(result: number, command: string, action: string, meanings?: Meanings): BpfError {
    return failure(result, `bpf(${command})`, `${action} map "${this.name}"`, meanings);
  }
}

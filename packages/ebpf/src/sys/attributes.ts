import type { Sys } from "./sys.ts";
import { NAME_SIZE_BYTES } from "./uapi.ts";

/**
 * A structure that is passed to the kernel by address, such as `union bpf_attr`, filled field by field.
 *
 * It is made just long enough for the fields that are used: a kernel that does not know a field accepts it only as zero
 * and answers E2BIG otherwise, so nothing is sent that was not asked for.
 */
export class Attributes {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  /** What pointers inside point to. Held until `release`, since the garbage collector doesn't see those pointers. */
  readonly #referenced: Uint8Array[] = [];

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  u32(offset: number, value: number): this {
    this.#view.setUint32(offset, value, true);
    return this;
  }

  u64(offset: number, value: bigint): this {
    this.#view.setBigUint64(offset, value, true);
    return this;
  }

  /** The address of `target`, or NULL for an empty or missing one. */
  pointer(sys: Sys, offset: number, target: Uint8Array | undefined): this {
    if (target === undefined || target.length === 0) return this;
    this.#referenced.push(target);
    return this.u64(offset, sys.address(target));
  }

  /** A name of up to 15 bytes; see {@link kernelName}. */
  name(offset: number, name: string): this {
    this.bytes.set(new TextEncoder().encode(kernelName(name)), offset);
    return this;
  }

  readU32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** Lets go of what the pointers point to. Call it after the system call: that it comes last keeps them alive. */
  release(): void {
    this.#referenced.length = 0;
  }
}

/** What the kernel takes as a name (bpf_obj_name_cpy): letters, digits, `_` and `.`; the rest is left out. */
export function kernelName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_.]/g, "").slice(0, NAME_SIZE_BYTES - 1);
}

/** A C string: the bytes of `text` and a NUL. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

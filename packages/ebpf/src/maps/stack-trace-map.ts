import { Errno } from "../sys/failure.ts";
import type { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";
import { BpfCommand } from "../sys/uapi.ts";
import { BpfMap, type MapShape } from "./bpf-map.ts";

/** Stacks by the id that bpf_get_stackid() gave, as addresses with the innermost frame first. */
export class StackTraceMap extends BpfMap {
  readonly #attributes = new Uint8Array(32);
  readonly #attributesView = new DataView(this.#attributes.buffer);
  readonly #key = new Uint8Array(4);
  readonly #keyView = new DataView(this.#key.buffer);
  readonly #frames: BigUint64Array;

  constructor(sys: Sys, descriptor: FileDescriptor, shape: MapShape) {
    super(sys, descriptor, shape);
    this.#frames = new BigUint64Array(shape.valueSizeBytes / 8);
    this.#attributesView.setBigUint64(8, sys.address(this.#key), true);
    this.#attributesView.setBigUint64(16, sys.address(new Uint8Array(this.#frames.buffer)), true);
  }

  /** Most frames of a stack; deeper ones are cut. */
  get maxFrames(): number {
    return this.#frames.length;
  }

  /** The addresses of a stack, or undefined where there is none of this id. */
  get(stackId: number): BigUint64Array | undefined {
    const frames = new BigUint64Array(this.#frames.length);
    const count = this.read(stackId, frames);
    return count === undefined ? undefined : frames.subarray(0, count);
  }

  /** The same, copied into `target`, which has room for {@link maxFrames}; answers the number of frames. */
  read(stackId: number, target: BigUint64Array): number | undefined {
    const result = this.#call(BpfCommand.MAP_LOOKUP_ELEM, stackId, this.#attributes);
    if (result === -Errno.ENOENT) return undefined;
    if (result < 0) throw this.failure(result, "BPF_MAP_LOOKUP_ELEM", "reading");
    target.set(this.#frames);
    // The kernel fills the rest of the value with zeros.
    const end = this.#frames.indexOf(0n);
    return end < 0 ? this.#frames.length : end;
  }

  delete(stackId: number): boolean {
    const result = this.#call(BpfCommand.MAP_DELETE_ELEM, stackId, this.#attributes.subarray(0, 16));
    if (result === -Errno.ENOENT) return false;
    if (result < 0) throw this.failure(result, "BPF_MAP_DELETE_ELEM", "deleting from");
    return true;
  }

  #call(command: number, stackId: number, attributes: Uint8Array): number {
    this.#keyView.setUint32(0, stackId, true);
    this.#attributesView.setUint32(0, this.fd, true);
    return this.sys.bpf(command, attributes);
  }
}

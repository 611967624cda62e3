import { Attributes } from "../sys/attributes.ts";
import { mapUpdate } from "../sys/bpf.ts";
import { Errno } from "../sys/failure.ts";
import { BpfCommand, UpdateFlag } from "../sys/uapi.ts";
import { BpfMap } from "./bpf-map.ts";

/** Something whose descriptor can be put into a {@link DescriptorMap}. */
export interface HasDescriptor {
  readonly fd: number;
}

/**
 * A map whose values are kernel objects, written as their descriptors: programs to tail-call (BPF_MAP_TYPE_PROG_ARRAY),
 * cgroups, perf events, other maps. The map holds on to the object; the descriptor may be closed afterwards.
 */
export class DescriptorMap extends BpfMap {
  /** Puts an object at an index, or under a key of the map's key size. */
  set(key: number | Uint8Array, object: HasDescriptor): void {
    const value = new Uint8Array(4);
    new DataView(value.buffer).setUint32(0, object.fd, true);
    const result = mapUpdate(this.sys, this.fd, this.#key(key), value, UpdateFlag.ANY);
    if (result < 0) throw this.failure(result, "BPF_MAP_UPDATE_ELEM", "writing to");
  }

  /** False where nothing was there. */
  delete(key: number | Uint8Array): boolean {
    const attributes = new Attributes(16).u32(0, this.fd).pointer(this.sys, 8, this.#key(key));
    const result = this.sys.bpf(BpfCommand.MAP_DELETE_ELEM, attributes.bytes);
    attributes.release();
    if (result >= 0) return true;
    if (result === -Errno.ENOENT) return false;
    throw this.failure(result, "BPF_MAP_DELETE_ELEM", "deleting from");
  }

  #key(key: number | Uint8Array): Uint8Array {
    if (typeof key !== "number") return key;
    const bytes = new Uint8Array(this.keySizeBytes);
    new DataView(bytes.buffer).setUint32(0, key, true);
    return bytes;
  }
}

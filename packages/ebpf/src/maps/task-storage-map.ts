import { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";
import { BpfMap, type MapShape } from "./bpf-map.ts";
import { u32Codec, type ValueCodec } from "./codec.ts";
import { KeyedMap } from "./keyed-map.ts";

/** A value that the kernel keeps with each thread and drops at its exit (5.11; in tracing programs too). */
export class TaskStorageMap<Value> extends BpfMap {
  readonly #elements: KeyedMap<number, Value>;

  constructor(sys: Sys, descriptor: FileDescriptor, shape: MapShape, valueCodec: ValueCodec<Value>) {
    super(sys, descriptor, shape);
    // User space names a thread by a pidfd.
    this.#elements = new KeyedMap(sys, descriptor, shape, u32Codec, valueCodec);
  }

  /** Value of the main thread of a process; undefined where it has none. */
  get(pid: number): Value | undefined {
    using thread = this.#open(pid);
    return this.#elements.get(thread.fd);
  }

  set(pid: number, value: Value): void {
    using thread = this.#open(pid);
    this.#elements.set(thread.fd, value);
  }

  delete(pid: number): boolean {
    using thread = this.#open(pid);
    return this.#elements.delete(thread.fd);
  }

  #open(pid: number): FileDescriptor {
    return FileDescriptor.own(this.sys, this.sys.pidfdOpen(pid), "pidfd_open", `opening process ${pid}`);
  }
}

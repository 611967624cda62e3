// Written by `skep-ebpf generate count-syscalls.bpf.o --records execs=exec`: change the object's source, not this.

import { readFileSync } from "node:fs";
import {
  Collection,
  type KeyedMap,
  type LoadOptions,
  type Program,
  type RecordQueue,
  type RingBufferMap,
  type TypedGlobals,
} from "@skep/ebpf";

/** `struct exec`: 20 bytes. */
export interface Exec {
  pid: number;
  name: string;
}

/** Global variables. */
export interface Variables {
  min_pid: number;
  lost: bigint;
  unused: bigint;
}

export interface Options extends LoadOptions {
  readonly globals?: Partial<Variables>;
}

/** The object in the kernel, until it is disposed of. */
export interface Loaded extends Disposable, AsyncDisposable {
  readonly collection: Collection;
  readonly maps: {
    readonly calls_by_pid: KeyedMap<number, bigint>;
    readonly execs: RingBufferMap;
  };
  readonly programs: {
    readonly on_sys_enter: Program;
    readonly on_exec: Program;
  };
  readonly events: {
    readonly execs: RecordQueue<Exec>;
  };
  readonly globals: TypedGlobals<Variables>;
}

/** Loads count-syscalls.bpf.o into the kernel. */
export async function load(options: Options = {}): Promise<Loaded> {
  // At once: four trips to another thread take longer than so small a file.
  const object = readFileSync(new URL("./count-syscalls.bpf.o", import.meta.url));
  const collection = await Collection.load(object, options);
  return {
    collection,
    maps: {
      calls_by_pid: collection.maps.get("calls_by_pid"),
      execs: collection.maps.ringBuffer("execs"),
    },
    programs: {
      on_sys_enter: collection.programs.get("on_sys_enter"),
      on_exec: collection.programs.get("on_exec"),
    },
    events: {
      get execs() {
        return collection.records<Exec>("execs", "exec");
      },
    },
    globals: collection.globals as TypedGlobals<Variables>,
    [Symbol.dispose]: () => collection[Symbol.dispose](),
    [Symbol.asyncDispose]: () => collection[Symbol.asyncDispose](),
  };
}

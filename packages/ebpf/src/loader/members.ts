import { BpfError } from "../errors.ts";
import type { BpfMap } from "../maps/bpf-map.ts";
import { DescriptorMap } from "../maps/descriptor-map.ts";
import { KeyedMap } from "../maps/keyed-map.ts";
import { RingBufferMap } from "../maps/ring-buffer-map.ts";
import { StackTraceMap } from "../maps/stack-trace-map.ts";
import { TaskStorageMap } from "../maps/task-storage-map.ts";
import { findNamed } from "../near-names.ts";
import type { Program } from "../programs/program.ts";

/** The maps of a loaded object, by name. */
export class CollectionMaps implements Iterable<BpfMap> {
  readonly #maps: ReadonlyMap<string, BpfMap>;

  constructor(maps: ReadonlyMap<string, BpfMap>) {
    this.#maps = maps;
  }

  has(name: string): boolean {
    return this.#maps.has(name);
  }

  /**
   * A map with keys and values: hash, LRU hash, array, LPM trie and per-CPU forms. The types are those the codec of the
   * object's BTF gives: structs as objects, 64-bit integers as bigint, smaller ones as number. They are not checked.
   */
  get<Key = unknown, Value = unknown>(name: string): KeyedMap<Key, Value> {
    return this.#as(name, KeyedMap, "one with keys and values") as KeyedMap<Key, Value>;
  }

  ringBuffer(name: string): RingBufferMap {
    return this.#as(name, RingBufferMap, "a ring buffer");
  }

  stackTraces(name: string): StackTraceMap {
    return this.#as(name, StackTraceMap, "a map of stack traces");
  }

  /** A map of programs, cgroups, perf events or maps. */
  descriptors(name: string): DescriptorMap {
    return this.#as(name, DescriptorMap, "a map of descriptors");
  }

  taskStorage<Value = unknown>(name: string): TaskStorageMap<Value> {
    return this.#as(name, TaskStorageMap, "a task storage") as TaskStorageMap<Value>;
  }

  /** A map of whatever type: its descriptor and shape. */
  raw(name: string): BpfMap {
    return findNamed(this.#maps, "map", name);
  }

  [Symbol.iterator](): IterableIterator<BpfMap> {
    return this.#maps.values();
  }

  #as<T extends BpfMap>(name: string, family: abstract new (...args: never[]) => T, description: string): T {
    const map = findNamed(this.#maps, "map", name);
    if (map instanceof family) return map;
    throw new BpfError("invalid-argument", `map "${name}" (type ${map.type}) is not ${description}`);
  }
}

/** The programs of a loaded object, by name of their C function. */
export class CollectionPrograms implements Iterable<Program> {
  readonly #programs: ReadonlyMap<string, Program>;

  constructor(programs: ReadonlyMap<string, Program>) {
    this.#programs = programs;
  }

  has(name: string): boolean {
    return this.#programs.has(name);
  }

  get(name: string): Program {
    return findNamed(this.#programs, "loaded program", name);
  }

  [Symbol.iterator](): IterableIterator<Program> {
    return this.#programs.values();
  }
}

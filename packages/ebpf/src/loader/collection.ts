import type { Btf } from "../btf/btf.ts";
import { compileCodec } from "../btf/codec.ts";
import { CoreRelocator } from "../btf/core-relocation.ts";
import { BtfKind } from "../btf/types.ts";
import { BpfError } from "../errors.ts";
import { type RecordOptions, RecordQueue } from "../events/record-queue.ts";
import type { BpfMap } from "../maps/bpf-map.ts";
import type { ValueCodec } from "../maps/codec.ts";
import { createMap, isMappable } from "../maps/create-map.ts";
import { DescriptorMap } from "../maps/descriptor-map.ts";
import { KeyedMap } from "../maps/keyed-map.ts";
import { RingBufferMap } from "../maps/ring-buffer-map.ts";
import { StackTraceMap } from "../maps/stack-trace-map.ts";
import { TaskStorageMap } from "../maps/task-storage-map.ts";
import { findNamed } from "../near-names.ts";
import { loadProgram } from "../programs/load-program.ts";
import { Program } from "../programs/program.ts";
import { ResourceStack } from "../resource-stack.ts";
import { mapFreeze, mapUpdate } from "../sys/bpf.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { failure } from "../sys/failure.ts";
import type { Sys } from "../sys/sys.ts";
import { MapMemory, Protection, PseudoSource, UpdateFlag } from "../sys/uapi.ts";
import { findAttachTarget, needsAttachTarget } from "./attach-target.ts";
import { type DataSection, Globals, type GlobalValue, overrideGlobals } from "./globals.ts";
import { KernelBtf } from "./kernel-btf.ts";
import { parseObject } from "./object.ts";
import { loadObjectBtf } from "./object-btf.ts";
import type { CollectionSpec, MapReference, MapSpec, ProgramSpec } from "./spec.ts";

export interface LoadOptions {
  /** Values of global variables, constants (`.rodata`) included; the verifier prunes by these. */
  readonly globals?: Readonly<Record<string, GlobalValue>>;
  /** Sizes of maps, by name, instead of what the object says. Bytes for ring buffers. */
  readonly maxEntries?: Readonly<Record<string, number>>;
  /** Which programs to load. By default all, except those whose section is written `?section`. */
  readonly programs?: (program: ProgramSpec) => boolean;
  /** Types of the kernel, to share them between several loads; read from /sys/kernel/btf by default. */
  readonly kernelBtf?: KernelBtf;
  /** The way to the kernel; for tests. */
  readonly sys?: Sys;
}

/** Types that have values and a name. */
const CODEC_KINDS = [BtfKind.struct, BtfKind.union, BtfKind.typedef, BtfKind.enum, BtfKind.enum64] as const;

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

/**
 * An object file's maps and programs in the kernel. Disposing of it closes all of them; programs that were attached with
 * `Program.attach` are detached.
 */
export class Collection implements Disposable, AsyncDisposable {
  readonly maps: CollectionMaps;
  readonly programs: CollectionPrograms;
  /** The object's global variables, live. */
  readonly globals: Globals;
  readonly spec: CollectionSpec;
  readonly #sys: Sys;
  readonly #resources: ResourceStack;
  readonly #readers: Map<string, RecordQueue<unknown>> = new Map();

  private constructor(spec: CollectionSpec, loaded: Loaded, sys: Sys, resources: ResourceStack) {
    this.spec = spec;
    this.#sys = sys;
    this.maps = new CollectionMaps(loaded.maps);
    this.programs = new CollectionPrograms(loaded.programs);
    this.globals = loaded.globals;
    this.#resources = resources;
  }

  /**
   * Creates the maps of an object and loads its programs, made to fit the running kernel.
   *
   * @param object the contents of a `.bpf.o` file, or what `parseObject` made of it
   * @throws {FormatError} for bytes that are no BPF object
   * @throws {VerifierError} when the kernel refuses a program
   * @throws {BpfError} for everything else that the kernel does not do, or does not allow
   */
  static async load(object: Uint8Array | CollectionSpec, options: LoadOptions = {}): Promise<Collection> {
    const spec = object instanceof Uint8Array ? parseObject(object) : object;
    // Everything made so far is let go of when a step throws.
    using resources = new ResourceStack();
    const sys = options.sys ?? defaultSys();
    const loaded = await load(spec, options, sys, resources);
    return new Collection(spec, loaded, sys, resources.move());
  }

  /**
   * Reads and writes values of a type that the object defines: the records of a ring buffer, say.
   *
   * @param typeName name of a struct, union, enum or typedef
   */
  codec<T = unknown>(typeName: string): ValueCodec<T> {
    const { btf } = this.spec;
    const typeId = CODEC_KINDS.map((kind) => btf?.findByName(typeName, kind)).find((id) => id !== undefined);
    if (btf === undefined || typeId === undefined) {
      throw new BpfError("not-found", `the object has no type "${typeName}"`, {
        hint: "a type is only there if something uses it: declare a global pointer to it",
      });
    }
    return compileCodec(btf, typeId) as ValueCodec<T>;
  }

  /**
   * The records of a ring buffer, for `for await`. Reading begins at the first call; a ring has one reader, so the next
   * calls give the same one, unless it was disposed of.
   *
   * @param mapName name of the ring buffer
   * @param typeName name of the struct that its records are
   */
  records<T = unknown>(mapName: string, typeName: string, options?: RecordOptions): RecordQueue<T> {
    const running = this.#readers.get(mapName);
    if (running !== undefined && !running.closed) return running as RecordQueue<T>;
    const codec = this.codec<T>(typeName);
    const reader = new RecordQueue<T>(this.maps.ringBuffer(mapName), {
      sys: this.#sys,
      ...options,
      decode: (view, offset) => codec.decode(view, offset),
    });
    this.#readers.set(mapName, reader as RecordQueue<unknown>);
    return reader;
  }

  [Symbol.dispose](): void {
    for (const reader of this.#readers.values()) reader[Symbol.dispose]();
    this.#resources[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }
}

interface Loaded {
  readonly maps: ReadonlyMap<string, BpfMap>;
  readonly programs: ReadonlyMap<string, Program>;
  readonly globals: Globals;
}

interface ObjectBtf {
  readonly fd: number;
  readonly types: Btf;
}

async function load(spec: CollectionSpec, options: LoadOptions, sys: Sys, resources: ResourceStack): Promise<Loaded> {
  checkNames(spec, options);
  const contents = overrideGlobals(spec.maps, spec.btf, options.globals ?? {});
  // The kernel keeps it for as long as a map or program refers to it.
  using btfDescriptor = spec.btf === undefined ? undefined : loadObjectBtf(sys, spec.btf);
  const btf: ObjectBtf | undefined =
    spec.btf === undefined || btfDescriptor === undefined ? undefined : { fd: btfDescriptor.fd, types: spec.btf };

  const maps = new Map<string, BpfMap>();
  const sections: DataSection[] = [];
  for (const [name, mapSpec] of spec.maps) {
    const map = resources.use(createMap(mapSpec, { sys, btf, maxEntries: options.maxEntries?.[name] }));
    maps.set(name, map);
    const initial = contents.get(name);
    if (initial !== undefined) sections.push(fillDataSection(sys, map, mapSpec, initial, resources));
  }

  const wanted = Array.from(spec.programs.values()).filter(options.programs ?? (({ optional }) => !optional));
  const programs = new Map<string, Program>();
  if (wanted.length > 0) {
    using ownKernelBtf =
      options.kernelBtf === undefined && needsKernelBtf(wanted) ? KernelBtf.open({ sys }) : undefined;
    const kernelBtf = options.kernelBtf ?? ownKernelBtf;
    const relocator =
      spec.btf === undefined || kernelBtf === undefined
        ? undefined
        : new CoreRelocator(spec.btf, { vmlinux: kernelBtf.vmlinux, modules: () => kernelBtf.modules().values() });
    for (const program of wanted) {
      programs.set(
        program.name,
        resources.use(await loadOne(program, { sys, license: spec.license, btf, kernelBtf, relocator, maps })),
      );
    }
  }
  return { maps, programs, globals: new Globals(sections, spec.btf) };
}

/** Misspelt options would else do nothing. */
function checkNames(spec: CollectionSpec, options: LoadOptions): void {
  for (const name of Object.keys(options.maxEntries ?? {})) findNamed(spec.maps, "map", name);
}

/** Most programs do; without any that does, an object loads on a kernel without BTF too. */
function needsKernelBtf(programs: readonly ProgramSpec[]): boolean {
  return programs.some((program) => program.coreRelocations.length > 0 || needsAttachTarget(program));
}

/**
 * Writes the initial values of global variables. Constants are frozen, so that the verifier takes them for what they are;
 * the others are mapped.
 */
function fillDataSection(
  sys: Sys,
  map: BpfMap,
  spec: MapSpec,
  initial: Uint8Array,
  resources: ResourceStack,
): DataSection {
  const action = `setting the global variables of section "${spec.name}"`;
  const updated = mapUpdate(sys, map.fd, new Uint8Array(4), initial, UpdateFlag.ANY);
  if (updated < 0) throw failure(updated, "bpf(BPF_MAP_UPDATE_ELEM)", action);
  if (spec.data?.readOnly === true) {
    const frozen = mapFreeze(sys, map.fd);
    if (frozen < 0) throw failure(frozen, "bpf(BPF_MAP_FREEZE)", action);
  }
  if (spec.data?.readOnly === true || !isMappable(map.flags)) {
    return { spec, memory: initial.slice().buffer };
  }
  const sizeBytes = Math.ceil(spec.valueSizeBytes / sys.pageSizeBytes) * sys.pageSizeBytes;
  const mapping = sys.mmap(sizeBytes, Protection.READ | Protection.WRITE, MapMemory.SHARED, map.fd, 0);
  if (typeof mapping === "number") throw failure(mapping, "mmap", action);
  resources.use({ [Symbol.dispose]: () => mapping.unmap() });
  return { spec, memory: mapping.buffer };
}

interface ProgramContext {
  readonly sys: Sys;
  readonly license: string;
  readonly btf: ObjectBtf | undefined;
  readonly kernelBtf: KernelBtf | undefined;
  readonly relocator: CoreRelocator | undefined;
  readonly maps: ReadonlyMap<string, BpfMap>;
}

async function loadOne(spec: ProgramSpec, context: ProgramContext): Promise<Program> {
  const { sys, kernelBtf } = context;
  const instructions = spec.instructions.slice();
  const report = context.relocator?.relocate(instructions, spec.coreRelocations);
  for (const reference of spec.mapReferences) patchMapReference(instructions, reference, context.maps);
  const target = kernelBtf === undefined ? undefined : findAttachTarget(sys, spec, kernelBtf);
  using moduleBtf = target?.moduleBtf;
  const descriptor = await loadProgram(spec, instructions, {
    sys,
    license: context.license,
    btf: context.btf,
    attachBtfId: target?.btfId ?? 0,
    attachBtfObjectFd: moduleBtf?.fd ?? 0,
    poisoned: report?.poisoned ?? [],
  });
  return new Program(sys, descriptor, spec);
}

/** Puts a map's descriptor into a 64-bit immediate load: `struct bpf_insn` is code, registers, s16 offset, s32 immediate. */
function patchMapReference(
  instructions: Uint8Array,
  { instructionIndex, mapName, valueOffset }: MapReference,
  maps: ReadonlyMap<string, BpfMap>,
): void {
  const view = new DataView(instructions.buffer, instructions.byteOffset + instructionIndex * 8, 16);
  const source = valueOffset === undefined ? PseudoSource.MAP_FD : PseudoSource.MAP_VALUE;
  view.setUint8(1, (view.getUint8(1) & 0x0f) | (source << 4));
  view.setInt32(4, findNamed(maps, "map", mapName).fd, true);
  view.setUint32(12, valueOffset ?? 0, true);
}

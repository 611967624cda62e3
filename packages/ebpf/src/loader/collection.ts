import type { Btf } from "../btf/btf.ts";
import { compileCodec } from "../btf/codec.ts";
import { BtfKind } from "../btf/types.ts";
import { BpfError } from "../errors.ts";
import { type RecordOptions, RecordQueue } from "../events/record-queue.ts";
import type { ValueCodec } from "../maps/codec.ts";
import { ResourceStack } from "../resource-stack.ts";
import { defaultSys } from "../sys/default-sys.ts";
import type { Sys } from "../sys/sys.ts";
import type { Globals } from "./globals.ts";
import { type Loaded, type LoadOptions, loadInto } from "./load.ts";
import { CollectionMaps, CollectionPrograms } from "./members.ts";
import { parseObject } from "./object.ts";
import type { CollectionSpec } from "./spec.ts";

/** Types that have values and a name. */
const CODEC_KINDS = [BtfKind.struct, BtfKind.union, BtfKind.typedef, BtfKind.enum, BtfKind.enum64] as const;

/**
 * An object file's maps and programs in the kernel. Disposing of it closes all of them; programs that were attached with
 * `Program.attach` are detached.
 */
export class Collection implements Disposable, AsyncDisposable {
  readonly maps: CollectionMaps;
  readonly programs: CollectionPrograms;
  /** The object's global variables, live. */
  readonly globals: Globals;
  /** Of the object; its instructions and the rest of its spec are not needed any more. */
  readonly #types: Btf | undefined;
  readonly #sys: Sys;
  readonly #resources: ResourceStack;
  readonly #readers: Map<string, RecordQueue<unknown>> = new Map();

  private constructor(types: Btf | undefined, loaded: Loaded, sys: Sys, resources: ResourceStack) {
    this.#types = types;
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
    const loaded = await loadInto(spec, options, sys, resources);
    return new Collection(spec.btf, loaded, sys, resources.move());
  }

  /**
   * Reads and writes values of a type that the object defines: the records of a ring buffer, say.
   *
   * @param typeName name of a struct, union, enum or typedef
   */
  codec<T = unknown>(typeName: string): ValueCodec<T> {
    const btf = this.#types;
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

import type { Btf } from "../btf/btf.ts";
import { BpfError } from "../errors.ts";
import type { ValueCodec } from "../maps/codec.ts";
import { typeCodec } from "../maps/type-codec.ts";
import { findNamed } from "../near-names.ts";
import type { MapSpec, VariableSpec } from "./spec.ts";

/** A value for a global variable: what its codec takes. */
export type GlobalValue = unknown;

interface GlobalVariable {
  readonly spec: VariableSpec;
  readonly readOnly: boolean;
  readonly sectionName: string;
  readonly codec: ValueCodec<unknown>;
  /** Of the whole section: the mapped values of the map, or a copy of what a constant section was loaded with. */
  readonly view: DataView;
}

/** A data section with the memory that holds it. */
export interface DataSection {
  readonly spec: MapSpec;
  readonly memory: ArrayBuffer;
}

/**
 * The global variables of a loaded object, by name. Those of `.data` and `.bss` are the memory that the programs use:
 * reading one needs no system call, and a write is seen at once. Those of `.rodata` are constants since the load.
 *
 * A variable of up to 8 bytes that is naturally aligned is read and written in one piece on a 64-bit machine; larger ones
 * can be seen half-written.
 */
export class Globals implements Iterable<string> {
  readonly #variables: ReadonlyMap<string, GlobalVariable>;

  constructor(sections: readonly DataSection[], types: Btf | undefined) {
    const variables = new Map<string, GlobalVariable>();
    for (const { spec, memory } of sections) {
      if (spec.data === undefined) continue;
      const view = new DataView(memory, 0, spec.valueSizeBytes);
      for (const variable of spec.data.variables.values()) {
        variables.set(variable.name, {
          spec: variable,
          readOnly: spec.data.readOnly,
          sectionName: spec.data.sectionName,
          codec: typeCodec(types, variable.typeId, variable.sizeBytes),
          view,
        });
      }
    }
    this.#variables = variables;
  }

  has(name: string): boolean {
    return this.#variables.has(name);
  }

  /** The value now. */
  get<T = unknown>(name: string): T {
    const { spec, codec, view } = findNamed(this.#variables, "global variable", name);
    return codec.decode(view, spec.offsetBytes) as T;
  }

  /** @throws {BpfError} `invalid-argument` for constants */
  set(name: string, value: GlobalValue): void {
    const variable = findNamed(this.#variables, "global variable", name);
    if (variable.readOnly) {
      throw new BpfError("invalid-argument", `global variable "${name}" is constant once the object is loaded`, {
        hint: "give its value at load: Collection.load(object, { globals: { ... } })",
      });
    }
    encodeVariable(variable.codec, name, value, variable.view, variable.spec.offsetBytes);
  }

  /** The memory of one variable, for typed arrays and Atomics. It must not be written to where it is constant. */
  view(name: string): DataView {
    const { spec, view } = findNamed(this.#variables, "global variable", name);
    return new DataView(view.buffer, view.byteOffset + spec.offsetBytes, spec.sizeBytes);
  }

  /** Names of all variables. */
  [Symbol.iterator](): IterableIterator<string> {
    return this.#variables.keys();
  }
}

/** {@link Globals} with the types of its variables known, as generated modules have it. */
export interface TypedGlobals<Variables> {
  get<Name extends keyof Variables>(name: Name): Variables[Name];
  set<Name extends keyof Variables>(name: Name, value: Variables[Name]): void;
  view(name: keyof Variables & string): DataView;
}

/**
 * Contents of the data sections with some variables changed, by map name. The spec stays as it is.
 *
 * @throws {BpfError} `not-found` for a variable that the object doesn't have
 */
export function overrideGlobals(
  maps: ReadonlyMap<string, MapSpec>,
  types: Btf | undefined,
  values: Readonly<Record<string, GlobalValue>>,
): Map<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>();
  const variables = new Map<string, { readonly mapName: string; readonly spec: VariableSpec }>();
  for (const [mapName, { data }] of maps) {
    if (data === undefined) continue;
    contents.set(mapName, data.contents.slice());
    for (const spec of data.variables.values()) variables.set(spec.name, { mapName, spec });
  }
  for (const [name, value] of Object.entries(values)) {
    const { mapName, spec } = findNamed(variables, "global variable", name);
    const bytes = contents.get(mapName) ?? new Uint8Array(0);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    encodeVariable(typeCodec(types, spec.typeId, spec.sizeBytes), name, value, view, spec.offsetBytes);
  }
  return contents;
}

function encodeVariable(
  codec: ValueCodec<unknown>,
  name: string,
  value: GlobalValue,
  view: DataView,
  offset: number,
): void {
  try {
    codec.encode(value, view, offset);
  } catch (cause) {
    if (cause instanceof BpfError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BpfError("invalid-argument", `global variable "${name}" cannot hold ${String(value)}: ${reason}`, {
      cause,
    });
  }
}

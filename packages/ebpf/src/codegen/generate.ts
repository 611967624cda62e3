import type { Btf } from "../btf/btf.ts";
import { TypePrinter } from "../btf/type-declaration.ts";
import { BtfKind } from "../btf/types.ts";
import { BpfError } from "../errors.ts";
import type { CollectionSpec, MapSpec } from "../loader/spec.ts";
import { familyOf } from "../maps/family.ts";
import { findNamed } from "../near-names.ts";
import { MapType } from "../sys/uapi.ts";

export interface GenerateOptions {
  /** File name of the object, beside which the module will be: `count.bpf.o`. */
  readonly objectFileName: string;
  /** Which struct the records of a ring buffer are, by the map's name: the object itself does not say. */
  readonly records?: Readonly<Record<string, string>>;
}

/** A property of the loaded object: its type, and the expression that makes it. */
interface Property {
  readonly name: string;
  readonly optional?: boolean;
  readonly type: string;
  readonly value: string;
}

/** The command that writes the same module again. */
function commandOf({ objectFileName, records = {} }: GenerateOptions): string {
  const ofRecords = Object.entries(records).map(([map, struct]) => ` --records ${map}=${struct}`);
  return `skep-ebpf generate ${objectFileName}${ofRecords.join("")}`;
}

/**
 * The source of a TypeScript module that loads an object, with the names and types of its maps, programs and global
 * variables known to the compiler.
 */
export function generateModule(spec: CollectionSpec, options: GenerateOptions): string {
  const types = new Types(spec.btf);
  const maps = Array.from(spec.maps.values()).filter(({ data }) => data === undefined);
  const variables = Array.from(spec.maps.values()).flatMap(({ data }) => Array.from(data?.variables.values() ?? []));
  const groups = new Map<string, readonly Property[]>([
    ["maps", maps.map((map) => mapProperty(map, types))],
    ["programs", Array.from(spec.programs.values(), programProperty)],
    ["events", Object.entries(options.records ?? {}).map(([map, type]) => eventProperty(spec, map, type, types))],
  ]);
  const declared = variables.map(({ name, typeId }) => `  ${propertyName(name)}: ${types.expression(typeId)};`);
  return [
    `// Written by \`${commandOf(options)}\`: change the object's source, not this.`,
    "",
    'import { readFileSync } from "node:fs";',
    ...imports(groups),
    "",
    ...lines(types.declarations()),
    "/** Global variables. */",
    ...(declared.length > 0
      ? ["export interface Variables {", ...declared, "}"]
      : ["export type Variables = Record<never, never>;"]),
    "",
    "export interface Options extends LoadOptions {",
    "  readonly globals?: Partial<Variables>;",
    "}",
    "",
    "/** The object in the kernel, until it is disposed of. */",
    "export interface Loaded extends Disposable, AsyncDisposable {",
    "  readonly collection: Collection;",
    ...groupTypes(groups),
    "  readonly globals: TypedGlobals<Variables>;",
    "}",
    "",
    `/** Loads ${options.objectFileName} into the kernel. */`,
    "export async function load(options: Options = {}): Promise<Loaded> {",
    "  // At once: four trips to another thread take longer than so small a file.",
    `  const object = readFileSync(new URL("./${options.objectFileName}", import.meta.url));`,
    "  const collection = await Collection.load(object, options);",
    "  return {",
    "    collection,",
    ...groupValues(groups),
    "    globals: collection.globals as TypedGlobals<Variables>,",
    "    [Symbol.dispose]: () => collection[Symbol.dispose](),",
    "    [Symbol.asyncDispose]: () => collection[Symbol.asyncDispose](),",
    "  };",
    "}",
    "",
  ].join("\n");
}

/** The object's types as TypeScript; bytes where it has none. */
class Types {
  readonly #btf: Btf | undefined;
  readonly #printer: TypePrinter | undefined;

  constructor(btf: Btf | undefined) {
    this.#btf = btf;
    this.#printer = btf === undefined ? undefined : new TypePrinter(btf);
  }

  expression(typeId: number): string {
    return this.#printer === undefined || typeId === 0 ? "Uint8Array" : this.#printer.expression(typeId);
  }

  struct(name: string): string {
    const id = this.#btf?.findByName(name, BtfKind.struct);
    if (id === undefined) {
      throw new BpfError("not-found", `the object has no struct ${name}`, {
        hint: "a type is only there if something uses it: declare a global pointer to it",
      });
    }
    return this.expression(id);
  }

  declarations(): string {
    return this.#printer?.declarations() ?? "";
  }
}

function mapProperty(map: MapSpec, types: Types): Property {
  const { name } = map;
  const access = (type: string, getter: string): Property => ({
    name,
    type,
    value: `collection.maps.${getter}(${JSON.stringify(name)})`,
  });
  const isArray = map.type === MapType.ARRAY || map.type === MapType.PERCPU_ARRAY;
  const value = types.expression(map.valueTypeId);
  const family = familyOf(map.type);
  switch (family) {
    case "keyed":
    case "per-cpu": {
      const key = isArray ? "number" : types.expression(map.keyTypeId);
      return access(`KeyedMap<${key}, ${family === "per-cpu" ? arrayOf(value) : value}>`, "get");
    }
    case "ring-buffer":
      return access("RingBufferMap", "ringBuffer");
    case "stack-trace":
      return access("StackTraceMap", "stackTraces");
    case "descriptors":
      return access("DescriptorMap", "descriptors");
    case "task-storage":
      return access(`TaskStorageMap<${value}>`, "taskStorage");
    case "raw":
      return access("BpfMap", "raw");
    default:
      return family satisfies never;
  }
}

function arrayOf(type: string): string {
  return /^\w+$/.test(type) ? `${type}[]` : `(${type})[]`;
}

function programProperty({ name, optional }: { readonly name: string; readonly optional: boolean }): Property {
  const get = `collection.programs.get(${JSON.stringify(name)})`;
  if (!optional) return { name, type: "Program", value: get };
  const value = `collection.programs.has(${JSON.stringify(name)}) ? ${get} : undefined`;
  return { name, type: "Program | undefined", value };
}

/** A getter, as reading begins when it is first asked for. */
function eventProperty(spec: CollectionSpec, mapName: string, struct: string, types: Types): Property {
  const map = findNamed(spec.maps, "map", mapName);
  if (map.type !== MapType.RINGBUF) throw new BpfError("invalid-argument", `map "${mapName}" is not a ring buffer`);
  const type = types.struct(struct);
  const value = `collection.records<${type}>(${JSON.stringify(mapName)}, ${JSON.stringify(struct)})`;
  return { name: mapName, type: `RecordQueue<${type}>`, value };
}

function imports(groups: ReadonlyMap<string, readonly Property[]>): string[] {
  const used = new Set(["LoadOptions", "TypedGlobals"]);
  for (const { type } of Array.from(groups.values()).flat()) {
    const name = /^\w+/.exec(type)?.[0];
    if (name !== undefined) used.add(name);
  }
  const names = Array.from(used, (name) => ({ name, text: `type ${name}` }));
  names.push({ name: "Collection", text: "Collection" });
  names.sort((a, b) => (a.name < b.name ? -1 : 1));
  const oneLine = `import { ${names.map(({ text }) => text).join(", ")} } from "@skep/ebpf";`;
  if (oneLine.length <= 120) return [oneLine];
  return ["import {", ...names.map(({ text }) => `  ${text},`), '} from "@skep/ebpf";'];
}

function groupTypes(groups: ReadonlyMap<string, readonly Property[]>): string[] {
  return Array.from(groups).flatMap(([group, properties]) =>
    properties.length === 0
      ? []
      : [
          `  readonly ${group}: {`,
          ...properties.map(({ name, type }) => `    readonly ${propertyName(name)}: ${type};`),
          "  };",
        ],
  );
}

function groupValues(groups: ReadonlyMap<string, readonly Property[]>): string[] {
  return Array.from(groups).flatMap(([group, properties]) => {
    if (properties.length === 0) return [];
    const values = properties.flatMap(({ name, value }) =>
      group === "events"
        ? [`      get ${propertyName(name)}() {`, `        return ${value};`, "      },"]
        : [`      ${propertyName(name)}: ${value},`],
    );
    return [`    ${group}: {`, ...values, "    },"];
  });
}

/** Names of C are identifiers, those of sections need not be. */
function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function lines(text: string): string[] {
  return text === "" ? [] : [...text.trimEnd().split("\n"), ""];
}

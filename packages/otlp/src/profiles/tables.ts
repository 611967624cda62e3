import type { Frame, Mapping } from "./profile.ts";

export interface MappingEntry {
  readonly id: number;
  readonly mapping: Mapping;
  /** Whether every location of the mapping has a real name; if not, pprof may look for better ones. */
  hasFunctions: boolean;
  hasFilenames: boolean;
  hasLineNumbers: boolean;
}

export interface LocationEntry {
  readonly id: number;
  readonly mappingId: number;
  readonly address: bigint;
  readonly functionId: number;
  readonly line: number | undefined;
  /** `profile.frame.type` of the semantic conventions; pprof has no place for it. */
  readonly frameType: string | undefined;
}

export interface FunctionEntry {
  readonly id: number;
  readonly name: string;
  readonly systemName: string;
  readonly file: string | undefined;
}

/**
 * The tables that the messages of pprof and OTLP refer to: locations, functions, mappings, strings.
 *
 * An entry comes into being when the first frame asks for it, so that nothing is in a table without being used.
 * Ids count from 1: zero means "none" in pprof. In OTLP they are indexes, and zero is an empty entry of each table.
 */
export class ProfileTables {
  readonly locations: LocationEntry[] = [];
  readonly functions: FunctionEntry[] = [];
  readonly strings: string[] = [""];
  readonly #mappings: MappingEntry[] = [];

  readonly #stringIndexes = new Map<string, number>([["", 0]]);
  readonly #functionIds = new Map<string, number>();
  /** Frames are shared objects, so nearly every look-up ends at the first map; equal frames meet at the second. */
  readonly #locationIdsByFrame = new Map<Frame, number>();
  readonly #locationIdsByKey = new Map<string, number>();
  readonly #mappingsByObject = new Map<Mapping, MappingEntry>();
  readonly #mappingsByKey = new Map<string, MappingEntry>();

  string(text: string): number {
    let index = this.#stringIndexes.get(text);
    if (index === undefined) {
      index = this.strings.push(text) - 1;
      this.#stringIndexes.set(text, index);
    }
    return index;
  }

  locationId(frame: Frame): number {
    let id = this.#locationIdsByFrame.get(frame);
    if (id === undefined) {
      id = this.#addLocation(frame);
      this.#locationIdsByFrame.set(frame, id);
    }
    return id;
  }

  /** All mappings, by their ids. */
  get mappings(): readonly MappingEntry[] {
    return this.#mappings;
  }

  /** All mappings; first, where there is one, that of the file `mainPath`. */
  mappingsFrom(mainPath: string | undefined): readonly MappingEntry[] {
    const main = this.#mappings.find(({ mapping }) => mapping.path === mainPath);
    return main === undefined ? this.#mappings : [main, ...this.#mappings.filter((entry) => entry !== main)];
  }

  #addLocation(frame: Frame): number {
    const mapping = this.#mapping(frame.mapping);
    const functionId = this.#functionId(frame);
    // The function belongs to the key: a JIT may put another one at the same address, in time or in another process.
    const frameType = frameTypeOf(frame);
    const key = `${mapping.id} ${frame.address} ${functionId} ${frame.line} ${frameType}`;
    const known = this.#locationIdsByKey.get(key);
    if (known !== undefined) return known;

    if (!frame.symbolized) mapping.hasFunctions = false;
    if (frame.file === undefined) mapping.hasFilenames = false;
    if (frame.line === undefined) mapping.hasLineNumbers = false;
    const id = this.locations.length + 1;
    const { address, line } = frame;
    this.locations.push({ id, mappingId: mapping.id, address, functionId, line, frameType });
    this.#locationIdsByKey.set(key, id);
    return id;
  }

  #functionId({ name, systemName = name, file }: Frame): number {
    const key = JSON.stringify([name, systemName, file]);
    let id = this.#functionIds.get(key);
    if (id === undefined) {
      id = this.functions.length + 1;
      this.functions.push({ id, name, systemName, file });
      this.#functionIds.set(key, id);
    }
    return id;
  }

  #mapping(mapping: Mapping): MappingEntry {
    let entry = this.#mappingsByObject.get(mapping);
    if (entry === undefined) {
      const { path, name, buildId, startAddress, limitAddress, fileOffset } = mapping;
      const key = JSON.stringify([path, name, buildId, `${startAddress} ${limitAddress} ${fileOffset}`]);
      entry = this.#mappingsByKey.get(key) ?? this.#addMapping(key, mapping);
      this.#mappingsByObject.set(mapping, entry);
    }
    return entry;
  }

  #addMapping(key: string, mapping: Mapping): MappingEntry {
    const entry = {
      id: this.#mappings.length + 1,
      mapping,
      hasFunctions: true,
      hasFilenames: true,
      hasLineNumbers: true,
    };
    this.#mappings.push(entry);
    this.#mappingsByKey.set(key, entry);
    return entry;
  }
}

function frameTypeOf({ kind, runtime }: Frame): string | undefined {
  if (kind === "jit") return runtime;
  return kind === "kernel" ? "kernel" : "native";
}

/** Viewers know the kernel and the vdso by these names, and look for no file of them. */
export function mappingFileName({ name, path }: Mapping): string {
  if (name === "[kernel]") return "[kernel.kallsyms]";
  if (name === "[vdso]") return "[vdso]";
  return path === "" ? name : path;
}

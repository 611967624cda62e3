import type { Btf } from "../btf/btf.ts";
import { CoreRelocator } from "../btf/core-relocation.ts";
import { hasOnDemandHash } from "../features/on-demand-hash.ts";
import type { BpfMap } from "../maps/bpf-map.ts";
import { createMap, isMappable } from "../maps/create-map.ts";
import { findNamed } from "../near-names.ts";
import { loadProgram } from "../programs/load-program.ts";
import { Program } from "../programs/program.ts";
import type { ResourceStack } from "../resource-stack.ts";
import { mapFreeze, mapUpdate } from "../sys/bpf.ts";
import { failure } from "../sys/failure.ts";
import type { Sys } from "../sys/sys.ts";
import { MapMemory, Protection, PseudoSource, UpdateFlag } from "../sys/uapi.ts";
import { findAttachTarget, needsAttachTarget } from "./attach-target.ts";
import { type DataSection, Globals, type GlobalValue, overrideGlobals } from "./globals.ts";
import { KernelBtf, type KernelTypes } from "./kernel-btf.ts";
import { loadObjectBtf } from "./object-btf.ts";
import type { CollectionSpec, MapReference, MapSpec, ProgramSpec } from "./spec.ts";

export interface LoadOptions {
  /** Values of global variables, constants (`.rodata`) included; the verifier prunes by these. */
  readonly globals?: Readonly<Record<string, GlobalValue>>;
  /** Sizes of maps, by name, instead of what the object says. Bytes for ring buffers. */
  readonly maxEntries?: Readonly<Record<string, number>>;
  /**
   * Hashes whose elements take memory as they are added, where the kernel can do so in any program (from 6.1 on); before
   * that, and for all others, a map takes what it takes when it is full. How many fit is the same.
   */
  readonly onDemand?: readonly string[];
  /** Which programs to load. By default all, except those whose section is written `?section`. */
  readonly programs?: (program: ProgramSpec) => boolean;
  /** Types of the kernel, to share them between several loads; read from /sys/kernel/btf by default. */
  readonly kernelBtf?: KernelTypes;
  /** The way to the kernel; for tests. */
  readonly sys?: Sys;
}

/** A verifier takes megabytes of kernel memory. */
const LOADS_AT_ONCE = 2;

/** What a load made, in the hands of the resources that were passed to it. */
export interface Loaded {
  readonly maps: ReadonlyMap<string, BpfMap>;
  readonly programs: ReadonlyMap<string, Program>;
  readonly globals: Globals;
}

interface ObjectBtf {
  readonly fd: number;
  readonly types: Btf;
}

/** Creates the maps of an object and loads its programs; each goes to `resources` as soon as it is made. */
export async function loadInto(
  spec: CollectionSpec,
  options: LoadOptions,
  sys: Sys,
  resources: ResourceStack,
): Promise<Loaded> {
  checkNames(spec, options);
  const contents = overrideGlobals(spec.maps, spec.btf, options.globals ?? {});
  // The kernel keeps it for as long as a map or program refers to it.
  using btfDescriptor = spec.btf === undefined ? undefined : loadObjectBtf(sys, spec.btf);
  const btf: ObjectBtf | undefined =
    spec.btf === undefined || btfDescriptor === undefined ? undefined : { fd: btfDescriptor.fd, types: spec.btf };

  const onDemand = options.onDemand !== undefined && hasOnDemandHash(sys) ? options.onDemand : [];
  const maps = new Map<string, BpfMap>();
  const sections: DataSection[] = [];
  for (const [name, mapSpec] of spec.maps) {
    const context = { sys, btf, maxEntries: options.maxEntries?.[name], onDemand: onDemand.includes(name) };
    const map = resources.use(createMap(mapSpec, context));
    maps.set(name, map);
    const initial = contents.get(name);
    if (initial !== undefined) sections.push(fillDataSection(sys, map, mapSpec, initial, resources));
  }

  const wanted = Array.from(spec.programs.values()).filter(options.programs ?? (({ optional }) => !optional));
  let programs: ReadonlyMap<string, Program> = new Map();
  if (wanted.length > 0) {
    using ownKernelBtf =
      options.kernelBtf === undefined && needsKernelBtf(wanted) ? KernelBtf.open({ sys }) : undefined;
    const kernelBtf = options.kernelBtf ?? ownKernelBtf;
    const relocator =
      spec.btf === undefined || kernelBtf === undefined
        ? undefined
        : new CoreRelocator(spec.btf, { vmlinux: kernelBtf.vmlinux, modules: () => kernelBtf.modules().values() });
    programs = await loadAll(wanted, { sys, license: spec.license, btf, kernelBtf, relocator, maps }, resources);
  }
  return { maps, programs, globals: new Globals(sections, spec.btf) };
}

/** Misspelt options would else do nothing. */
function checkNames(spec: CollectionSpec, options: LoadOptions): void {
  for (const name of Object.keys(options.maxEntries ?? {})) findNamed(spec.maps, "map", name);
  for (const name of options.onDemand ?? []) findNamed(spec.maps, "map", name);
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
  readonly kernelBtf: KernelTypes | undefined;
  readonly relocator: CoreRelocator | undefined;
  readonly maps: ReadonlyMap<string, BpfMap>;
}

/**
 * The kernel verifies on another thread: while it is at one program, the next is prepared here, and verified on a second CPU.
 *
 * @throws what the first program, in their order, was refused for; those that were under way by then are loaded or refused, too
 */
async function loadAll(
  wanted: readonly ProgramSpec[],
  context: ProgramContext,
  resources: ResourceStack,
): Promise<ReadonlyMap<string, Program>> {
  const results: (Program | { readonly error: unknown })[] = [];
  let next = 0;
  let refused = false;
  const loadNext = async (): Promise<void> => {
    for (let spec = wanted[next]; spec !== undefined && !refused; spec = wanted[next]) {
      const index = next++;
      try {
        results[index] = resources.use(await loadOne(spec, context));
      } catch (error) {
        results[index] = { error };
        refused = true;
      }
    }
  };
  await Promise.all(Array.from({ length: LOADS_AT_ONCE }, loadNext));
  const programs = new Map<string, Program>();
  for (const result of results) {
    if (!(result instanceof Program)) throw result.error;
    programs.set(result.name, result);
  }
  return programs;
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

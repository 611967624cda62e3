import type { Btf } from "../btf/btf.ts";
import { BpfError } from "../errors.ts";
import type { MapSpec } from "../loader/spec.ts";
import { mapCreate } from "../sys/bpf.ts";
import { possibleCpuCount } from "../sys/cpus.ts";
import type { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";
import { MapFlag, MapType } from "../sys/uapi.ts";
import type { BpfMap, MapShape } from "./bpf-map.ts";
import { perCpuCodec, u32Codec, type ValueCodec } from "./codec.ts";
import { DescriptorMap } from "./descriptor-map.ts";
import { familyOf } from "./family.ts";
import { KeyedMap } from "./keyed-map.ts";
import { RawMap } from "./raw-map.ts";
import { RingBufferMap } from "./ring-buffer-map.ts";
import { StackTraceMap } from "./stack-trace-map.ts";
import { TaskStorageMap } from "./task-storage-map.ts";
import { typeCodec } from "./type-codec.ts";

export interface CreateMapContext {
  readonly sys: Sys;
  /** The object's BTF in the kernel and here; undefined for objects without it. */
  readonly btf: { readonly fd: number; readonly types: Btf } | undefined;
  /** Instead of what the object says. */
  readonly maxEntries?: number | undefined;
  /** Of a hash: its elements are allocated as they are added, not all at once. */
  readonly onDemand?: boolean;
}

/** Creates a map in the kernel as its spec says. */
export function createMap(spec: MapSpec, context: CreateMapContext): BpfMap {
  const { sys, btf } = context;
  const shape: MapShape = {
    name: spec.name,
    type: spec.type,
    keySizeBytes: spec.keySizeBytes,
    valueSizeBytes: spec.valueSizeBytes,
    maxEntries: maxEntries(spec, context),
    flags: context.onDemand === true ? spec.flags | MapFlag.NO_PREALLOC : spec.flags,
  };
  using inner = createInner(spec, context);
  const descriptor = mapCreate(sys, {
    ...shape,
    ...(inner === undefined ? {} : { innerMapFd: inner.fd }),
    ...(btf === undefined || !takesTypes(spec)
      ? {}
      : { btf: { fd: btf.fd, keyTypeId: spec.keyTypeId, valueTypeId: spec.valueTypeId } }),
  });
  return wrap(sys, descriptor, shape, spec, btf?.types);
}

function maxEntries(spec: MapSpec, { sys, maxEntries: override }: CreateMapContext): number {
  const wanted = override ?? spec.maxEntries;
  if (!Number.isInteger(wanted) || wanted < 0 || wanted > 0xffff_ffff) {
    throw new BpfError("invalid-argument", `map "${spec.name}" cannot have ${wanted} entries`);
  }
  switch (spec.type) {
    case MapType.RINGBUF: {
      // A power of two and whole pages, which differ by architecture: rounded up, as libbpf does.
      const smallest = Math.max(wanted, sys.pageSizeBytes);
      return 2 ** Math.ceil(Math.log2(smallest));
    }
    case MapType.PERF_EVENT_ARRAY:
      return wanted === 0 ? possibleCpuCount() : wanted;
    default:
      return wanted;
  }
}

/** The kernel wants to see a map like those that an array or hash of maps will hold; it only looks at its shape. */
function createInner(spec: MapSpec, context: CreateMapContext): BpfMap | undefined {
  if (spec.type !== MapType.ARRAY_OF_MAPS && spec.type !== MapType.HASH_OF_MAPS) return undefined;
  if (spec.inner === undefined) {
    throw new BpfError("invalid-argument", `map "${spec.name}" does not say what maps it holds`);
  }
  return createMap(spec.inner, { sys: context.sys, btf: context.btf });
}

/**
 * Other types refuse to be told the types of their keys and values (ENOTSUPP of map_check_no_btf). Those of a storage
 * are mandatory.
 */
function takesTypes(spec: MapSpec): boolean {
  if (spec.valueTypeId === 0) return false;
  // A data section without variables says nothing, and kernels before 5.12 refuse its type.
  if (spec.data?.variables.size === 0) return false;
  const family = familyOf(spec.type);
  return family === "keyed" || family === "per-cpu" || family === "task-storage";
}

function wrap(sys: Sys, descriptor: FileDescriptor, shape: MapShape, spec: MapSpec, types: Btf | undefined): BpfMap {
  // The type of a data section lists variables and has no values of its own: see `Globals`.
  const valueTypeId = spec.data === undefined ? spec.valueTypeId : 0;
  const value = typeCodec(types, valueTypeId, spec.valueSizeBytes);
  const family = familyOf(spec.type);
  switch (family) {
    case "keyed":
      return new KeyedMap(sys, descriptor, shape, keyCodec(spec, types), value);
    case "per-cpu":
      return new KeyedMap(sys, descriptor, shape, keyCodec(spec, types), perCpuCodec(value, possibleCpuCount()));
    case "stack-trace":
      return new StackTraceMap(sys, descriptor, shape);
    case "ring-buffer":
      return new RingBufferMap(sys, descriptor, shape);
    case "descriptors":
      return new DescriptorMap(sys, descriptor, shape);
    case "task-storage":
      return new TaskStorageMap(sys, descriptor, shape, value);
    case "raw":
      return new RawMap(sys, descriptor, shape);
    default:
      return family satisfies never;
  }
}

/** Arrays go by index, whatever the object calls its type. */
function keyCodec(spec: MapSpec, types: Btf | undefined): ValueCodec<unknown> {
  if (spec.type === MapType.ARRAY || spec.type === MapType.PERCPU_ARRAY) return u32Codec as ValueCodec<unknown>;
  return typeCodec(types, spec.keyTypeId, spec.keySizeBytes);
}

/** Whether the values of a map of these flags can be mapped into memory. */
export function isMappable(flags: number): boolean {
  return (flags & MapFlag.MMAPABLE) !== 0;
}

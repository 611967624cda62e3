import { Attributes, cString } from "../sys/attributes.ts";
import { mapCreate } from "../sys/bpf.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { failure } from "../sys/failure.ts";
import type { Sys } from "../sys/sys.ts";
import { AttachType, BpfCommand, MapFlag, MapType, ProgramFlag, ProgramType } from "../sys/uapi.ts";
import { explain, type FeatureSupport, no, YES } from "./feature-support.ts";
import { kernelKnows } from "./kernel-enums.ts";

/**
 * Whether maps of a type can be made: first whether the kernel knows the type at all, then by making one.
 *
 * @param name as in `MapType`: `RINGBUF`
 */
export function probeMapType(name: keyof typeof MapType, options: { readonly sys?: Sys } = {}): FeatureSupport {
  const sys = options.sys ?? defaultSys();
  if (!kernelKnows("bpf_map_type", `BPF_MAP_TYPE_${name}`, options))
    return no("old-kernel", "the kernel does not know it");
  const shape = smallestMap(name, sys.pageSizeBytes);
  // Storages want types, and some maps a network device or a structure of the kernel: knowing of them has to do.
  if (shape === undefined) return YES;
  try {
    using inner =
      name === "ARRAY_OF_MAPS" || name === "HASH_OF_MAPS"
        ? mapCreate(sys, {
            name: "skep_probe",
            type: MapType.ARRAY,
            keySizeBytes: 4,
            valueSizeBytes: 4,
            maxEntries: 1,
            flags: 0,
          })
        : undefined;
    const fd = inner === undefined ? {} : { innerMapFd: inner.fd };
    using _ = mapCreate(sys, { name: "skep_probe", type: MapType[name], ...shape, ...fd });
    return YES;
  } catch (error) {
    return explain(error, "not-built-in");
  }
}

interface Shape {
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly maxEntries: number;
  readonly flags: number;
}

function smallestMap(name: keyof typeof MapType, pageSizeBytes: number): Shape | undefined {
  const usual = { keySizeBytes: 4, valueSizeBytes: 4, maxEntries: 1, flags: 0 };
  switch (name) {
    case "STACK_TRACE":
      return { ...usual, valueSizeBytes: 8 };
    case "LPM_TRIE":
      return { ...usual, keySizeBytes: 8, flags: MapFlag.NO_PREALLOC };
    case "RINGBUF":
    case "USER_RINGBUF":
      return { ...usual, keySizeBytes: 0, valueSizeBytes: 0, maxEntries: pageSizeBytes };
    case "QUEUE":
    case "STACK":
    case "BLOOM_FILTER":
      return { ...usual, keySizeBytes: 0 };
    case "CGROUP_STORAGE":
    case "PERCPU_CGROUP_STORAGE":
    case "SK_STORAGE":
    case "INODE_STORAGE":
    case "TASK_STORAGE":
    case "CGRP_STORAGE":
    case "STRUCT_OPS":
    case "ARENA":
    case "REUSEPORT_SOCKARRAY":
    case "DEVMAP":
    case "DEVMAP_HASH":
    case "CPUMAP":
    case "XSKMAP":
    case "SOCKMAP":
    case "SOCKHASH":
      return undefined;
    default:
      return usual;
  }
}

/** Types that only load for a certain target, which a probe would have to pick. */
const NEEDS_TARGET: ReadonlySet<string> = new Set(["TRACING", "STRUCT_OPS", "EXT", "LSM"]);

/**
 * Whether programs of a type can be loaded: first whether the kernel knows the type at all, then by loading one that does
 * nothing.
 *
 * @param name as in `ProgramType`: `XDP`
 */
export function probeProgramType(name: keyof typeof ProgramType, options: { readonly sys?: Sys } = {}): FeatureSupport {
  const sys = options.sys ?? defaultSys();
  if (!kernelKnows("bpf_prog_type", `BPF_PROG_TYPE_${name}`, options)) {
    return no("old-kernel", "the kernel does not know it");
  }
  if (NEEDS_TARGET.has(name)) return YES;
  const result = loadEmpty(sys, {
    type: ProgramType[name],
    attachType: DEFAULT_ATTACH_TYPES[name] ?? 0,
    flags: name === "SYSCALL" ? ProgramFlag.SLEEPABLE : 0,
  });
  if (result < 0)
    return explain(failure(result, "bpf(BPF_PROG_LOAD)", `loading a program of type ${name}`), "not-built-in");
  sys.close(result);
  return YES;
}

/** Attach types for program types that must be told one. */
const DEFAULT_ATTACH_TYPES: Readonly<Record<string, number>> = {
  CGROUP_SOCK_ADDR: AttachType.CGROUP_INET4_BIND,
  CGROUP_SOCKOPT: AttachType.CGROUP_GETSOCKOPT,
  SK_LOOKUP: AttachType.SK_LOOKUP,
  NETFILTER: AttachType.NETFILTER,
};

export interface EmptyProgram {
  readonly type: number;
  readonly attachType?: number;
  readonly attachBtfId?: number;
  readonly flags?: number;
}

/** Loads `r0 = 0; exit`; answers the descriptor or the negative errno. */
export function loadEmpty(sys: Sys, program: EmptyProgram): number {
  const instructions = new Uint8Array(16);
  instructions[0] = 0xb7;
  instructions[8] = 0x95;
  return loadInstructions(sys, instructions, program);
}

/** Answers the descriptor or the negative errno. */
export function loadInstructions(sys: Sys, instructions: Uint8Array, program: EmptyProgram): number {
  const attributes = new Attributes(112)
    .u32(0, program.type)
    .u32(4, instructions.length / 8)
    .pointer(sys, 8, instructions)
    .pointer(sys, 16, cString("GPL"))
    .u32(44, program.flags ?? 0)
    .u32(68, program.attachType ?? 0)
    .u32(108, program.attachBtfId ?? 0);
  const result = sys.bpf(BpfCommand.PROG_LOAD, attributes.bytes);
  attributes.release();
  return result;
}

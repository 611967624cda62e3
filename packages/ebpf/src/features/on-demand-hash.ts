import { mapCreate } from "../sys/bpf.ts";
import { failure } from "../sys/failure.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";
import { MapFlag, MapType, ProgramType, PseudoSource } from "../sys/uapi.ts";
import { explain, type FeatureSupport, YES } from "./feature-support.ts";
import { loadInstructions } from "./object-types.ts";

/**
 * Lets a program of a perf event use a hash whose elements are allocated as they are added. Kernels have refused that for as
 * long as such an allocation could fail, or deadlock, where a program interrupts the kernel's allocator.
 */
export function tryOnDemandHash(sys: Sys): FeatureSupport {
  try {
    using map = mapCreate(sys, {
      name: "skep_probe",
      type: MapType.HASH,
      keySizeBytes: 4,
      valueSizeBytes: 4,
      maxEntries: 1,
      flags: MapFlag.NO_PREALLOC,
    });
    // r1 = map; r0 = 0; exit
    const instructions = new Uint8Array(32);
    instructions[0] = 0x18;
    instructions[1] = (PseudoSource.MAP_FD << 4) | 1;
    new DataView(instructions.buffer).setInt32(4, map.fd, true);
    instructions[16] = 0xb7;
    instructions[24] = 0x95;
    const result = loadInstructions(sys, instructions, { type: ProgramType.PERF_EVENT });
    if (result < 0) throw failure(result, "bpf(BPF_PROG_LOAD)", "loading a program with such a hash");
    using _ = FileDescriptor.own(sys, result, "bpf(BPF_PROG_LOAD)", "loading a program with such a hash");
    return YES;
  } catch (error) {
    return explain(error, "old-kernel");
  }
}

const found = new WeakMap<Sys, boolean>();

/** {@link tryOnDemandHash}, tried once. */
export function hasOnDemandHash(sys: Sys): boolean {
  const known = found.get(sys);
  if (known !== undefined) return known;
  const { supported } = tryOnDemandHash(sys);
  found.set(sys, supported);
  return supported;
}

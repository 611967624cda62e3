import { BtfKind } from "../btf/types.ts";
import { encodeBtf } from "../loader/object-btf.ts";
import { btfLoad, mapCreate, mapUpdate } from "../sys/bpf.ts";
import { Errno, failure } from "../sys/failure.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";
import { MapFlag, MapType, UpdateFlag } from "../sys/uapi.ts";
import { explain, type FeatureSupport, no, YES } from "./feature-support.ts";
import { kernelKnows } from "./kernel-enums.ts";

/** Keeps a value with this very process. 5.11 had task storage for security modules alone, and so it is not enough. */
export function tryTaskStorage(sys: Sys): FeatureSupport {
  try {
    if (!kernelKnows("bpf_map_type", "BPF_MAP_TYPE_TASK_STORAGE", { sys })) {
      return no("old-kernel", "it came with Linux 5.11");
    }
    // A storage must have types: here an int and an unsigned long long, both called x.
    const int = (sizeBytes: number): number[] => [1, BtfKind.int << 24, sizeBytes, sizeBytes * 8];
    const types = btfLoad(sys, encodeBtf([...int(4), ...int(8)], "\0x\0"));
    using btf = FileDescriptor.own(sys, types, "bpf(BPF_BTF_LOAD)", "describing a task storage");
    using map = mapCreate(sys, {
      name: "skep_probe",
      type: MapType.TASK_STORAGE,
      keySizeBytes: 4,
      valueSizeBytes: 8,
      maxEntries: 0,
      flags: MapFlag.NO_PREALLOC,
      btf: { fd: btf.fd, keyTypeId: 1, valueTypeId: 2 },
    });
    const action = "keeping a value with this process";
    using self = FileDescriptor.own(sys, sys.pidfdOpen(process.pid), "pidfd_open", action);
    const key = new Uint8Array(Uint32Array.of(self.fd).buffer);
    const result = mapUpdate(sys, map.fd, key, new Uint8Array(8), UpdateFlag.ANY);
    // Newer kernels (7.2 does) take its memory from kmalloc_nolock(), which always fails on x86 processors without CMPXCHG16B.
    if (result === -Errno.ENOMEM) return no("no-hardware", "the kernel has no memory for it on this processor");
    if (result < 0) throw failure(result, "bpf(BPF_MAP_UPDATE_ELEM)", action);
    return YES;
  } catch (error) {
    return explain(error, "old-kernel");
  }
}

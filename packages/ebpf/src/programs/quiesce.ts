import { Attributes } from "../sys/attributes.ts";
import { mapCreate } from "../sys/bpf.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { failure } from "../sys/failure.ts";
import type { Sys } from "../sys/sys.ts";
import { BpfCommand, MapType } from "../sys/uapi.ts";

/**
 * Resolves when every run of a BPF program that had begun before the call has ended. Who switches programs over to a
 * second set of maps waits for it before reading the first.
 *
 * Programs run inside an RCU read-side section, and the kernel waits for these to end when a map of maps is changed
 * (maybe_wait_bpf_programs in kernel/bpf/syscall.c): so one is made and changed. That takes some milliseconds, on another
 * thread. Programs that sleep (`fentry.s`, `uprobe.s`) are not waited for.
 */
export async function programsQuiesced(options: { readonly sys?: Sys } = {}): Promise<void> {
  const sys = options.sys ?? defaultSys();
  const shape = { type: MapType.ARRAY, keySizeBytes: 4, valueSizeBytes: 4, maxEntries: 1, flags: 0 };
  using inner = mapCreate(sys, { ...shape, name: "skep_quiesce" });
  using outer = mapCreate(sys, {
    ...shape,
    name: "skep_quiesce",
    type: MapType.ARRAY_OF_MAPS,
    innerMapFd: inner.fd,
  });
  const value = new Uint8Array(Uint32Array.of(inner.fd).buffer);
  const attributes = new Attributes(32).u32(0, outer.fd).pointer(sys, 8, new Uint8Array(4)).pointer(sys, 16, value);
  const result = await sys.bpfAsync(BpfCommand.MAP_UPDATE_ELEM, attributes.bytes);
  attributes.release();
  if (result < 0) throw failure(result, "bpf(BPF_MAP_UPDATE_ELEM)", "waiting for running BPF programs");
}

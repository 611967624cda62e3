import { Attributes, cString } from "./attributes.ts";
import { Errno } from "./failure.ts";
import type { Sys } from "./sys.ts";
import { BpfCommand, ProgramType } from "./uapi.ts";

/**
 * Up to 5.10 the kernel charges maps and programs to RLIMIT_MEMLOCK (64 KiB by default) and answers EPERM when it is
 * used up; from 5.11 on it charges them to the memory cgroup. So on EPERM the limit is raised and the call tried once
 * more, but only on a kernel of the first kind: elsewhere the limit has nothing to do with it, and belongs to the user.
 *
 * Raising it may fail (it needs CAP_SYS_RESOURCE): the first answer then stands.
 */
export function retryWithMemoryLock(sys: Sys, attempt: () => number): number {
  const result = attempt();
  if (result !== -Errno.EPERM || chargesMemoryCgroup(sys)) return result;
  return sys.raiseMemoryLock() < 0 ? result : attempt();
}

/** The same for calls that run on another thread. */
export async function retryWithMemoryLockAsync<T extends { readonly result: number }>(
  sys: Sys,
  attempt: () => Promise<T>,
): Promise<T> {
  const first = await attempt();
  if (first.result !== -Errno.EPERM || chargesMemoryCgroup(sys)) return first;
  return sys.raiseMemoryLock() < 0 ? first : attempt();
}

const BPF_FUNC_KTIME_GET_COARSE_NS = 160;

/**
 * A helper that came with the same release tells them apart, whatever a distribution made of the version number: a
 * program that calls it is accepted from 5.11 on.
 */
export function chargesMemoryCgroup(sys: Sys): boolean {
  const instructions = new Uint8Array(16);
  const view = new DataView(instructions.buffer);
  view.setUint8(0, 0x85); // call
  view.setInt32(4, BPF_FUNC_KTIME_GET_COARSE_NS, true);
  view.setUint8(8, 0x95); // exit
  const attributes = new Attributes(24)
    .u32(0, ProgramType.SOCKET_FILTER)
    .u32(4, 2)
    .pointer(sys, 8, instructions)
    .pointer(sys, 16, cString("GPL"));
  const fd = sys.bpf(BpfCommand.PROG_LOAD, attributes.bytes);
  attributes.release();
  if (fd < 0) return false;
  sys.close(fd);
  return true;
}

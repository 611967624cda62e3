import { linkCreate } from "../sys/bpf.ts";
import { Errno, failure, type Meanings } from "../sys/failure.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import { type PerfEventOptions, perfEventOpen } from "../sys/perf-event.ts";
import type { Sys } from "../sys/sys.ts";
import { AttachType, PerfIoctl } from "../sys/uapi.ts";
import { type AttachableProgram, Link } from "./link.ts";

/**
 * Opens a perf event and runs a program on each of its overflows or hits: the common half of perf events, tracepoints,
 * kprobes and uprobes. By BPF_LINK_CREATE from 5.15 on, by PERF_EVENT_IOC_SET_BPF before.
 *
 * @param cookie what bpf_get_attach_cookie() answers (5.15); 0 for none
 */
export function attachToPerfEvent(
  sys: Sys,
  program: AttachableProgram,
  event: PerfEventOptions,
  cookie: bigint,
  action: string,
  meanings?: Meanings,
): Link {
  const descriptor = perfEventOpen(sys, event, action, meanings);
  try {
    const result = linkCreate(sys, program.fd, descriptor.fd, AttachType.PERF_EVENT, cookie);
    // Kernels without the link answer EINVAL. A cookie has no other way, so that there it stays an error.
    const viaIoctl = result === -Errno.EINVAL && cookie === 0n;
    if (viaIoctl) {
      const set = sys.ioctl(descriptor.fd, PerfIoctl.SET_BPF, program.fd);
      if (set < 0) throw failure(set, "ioctl(PERF_EVENT_IOC_SET_BPF)", action);
    }
    const link = viaIoctl ? undefined : FileDescriptor.own(sys, result, "bpf(BPF_LINK_CREATE)", action);
    const enabled = sys.ioctl(descriptor.fd, PerfIoctl.ENABLE, 0);
    if (enabled < 0) {
      link?.[Symbol.dispose]();
      throw failure(enabled, "ioctl(PERF_EVENT_IOC_ENABLE)", action);
    }
    return link === undefined ? new Link("ioctl", [descriptor]) : new Link("bpf_link", [link, descriptor]);
  } catch (error) {
    descriptor[Symbol.dispose]();
    throw error;
  }
}

import { defaultSys, type Sys } from "@skep/ebpf/sys";
import type { AddressRange } from "./release-pages.ts";

/** include/uapi/linux/userfaultfd.h; the requests of ioctl(2) are the same on x86-64 and arm64. */
const UFFD_USER_MODE_ONLY = 1;
const UFFD_API = 0xaan;
const UFFD_FEATURE_WP_ASYNC = 1n << 15n;
const UFFDIO_API = 0xc018_aa3f;
const UFFDIO_REGISTER = 0xc020_aa00;
const UFFDIO_REGISTER_MODE_WP = 1n << 1n;
/** fcntl.h */
const O_CLOEXEC = 0o2_000_000;

type FaultSys = Pick<Sys, "userfaultfd" | "ioctl" | "close" | "address">;

/**
 * Has pages of files come back one by one as they are used: by default the kernel maps up to 15 neighbours of each along
 * with it (do_fault_around() in mm/memory.c), two thirds of what a released executable would grow to again.
 *
 * Where userfaultfd(2) could write-protect pages it does not do that (uffd_disable_fault_around()). That takes no more than
 * to have said so: no page is protected, and the kernel would settle it by itself. For files it takes
 * UFFD_FEATURE_WP_ASYNC, Linux 6.7.
 *
 * @returns until it is disposed of; undefined where the kernel cannot do it, or this process may not ask for it
 */
export function disableFaultAround(
  ranges: readonly AddressRange[],
  sys: FaultSys = defaultSys(),
): Disposable | undefined {
  const fd = sys.userfaultfd(O_CLOEXEC | UFFD_USER_MODE_ONLY);
  if (fd < 0) return undefined;
  // struct uffdio_api: api, features, ioctls.
  if (answerOf(sys, fd, UFFDIO_API, [UFFD_API, UFFD_FEATURE_WP_ASYNC, 0n]) === undefined) {
    sys.close(fd);
    return undefined;
  }
  for (const { start, sizeBytes } of ranges) {
    // struct uffdio_register: start, len, mode, ioctls. What the kernel refuses stays as it was, and that does no harm.
    answerOf(sys, fd, UFFDIO_REGISTER, [start, BigInt(sizeBytes), UFFDIO_REGISTER_MODE_WP, 0n]);
  }
  return { [Symbol.dispose]: () => void sys.close(fd) };
}

/** The last word of the structure after an ioctl(2); undefined where that failed. */
function answerOf(sys: FaultSys, fd: number, request: number, structure: readonly bigint[]): bigint | undefined {
  const words = BigUint64Array.from(structure);
  const result = sys.ioctl(fd, request, Number(sys.address(new Uint8Array(words.buffer))));
  return result < 0 ? undefined : words.at(-1);
}

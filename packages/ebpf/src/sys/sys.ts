/** 0, 1 and 2 mean "none" in some fields of bpf_attr, and are the standard streams elsewhere: no descriptor of ours is one. */
export const LOWEST_SAFE_FD = 3;

/**
 * The only way to the kernel.
 *
 * Every call returns what the kernel returns: a result >= 0, or the negative errno. Nothing here throws for a failed
 * call; `failure()` in failure.ts turns the number into an error, once, with what the caller knows of the context.
 */
export interface Sys {
  /** Bytes of a memory page: 4096, on some arm64 kernels 16384 or 65536. */
  readonly pageSizeBytes: number;

  /**
   * Address of the first byte, for pointers inside a structure. The caller keeps `memory` referenced until the call
   * that uses the address has returned.
   */
  address(memory: Uint8Array): bigint;

  /** bpf(2). The size passed is that of `attributes`. */
  bpf(command: number, attributes: Uint8Array): number;

  /** bpf(2) on a thread of the pool, for commands that may take long; `attributes` must stay as they are until then. */
  bpfAsync(command: number, attributes: Uint8Array): Promise<number>;

  /** perf_event_open(2). */
  perfEventOpen(attributes: Uint8Array, pid: number, cpu: number, groupFd: number, flags: number): number;

  /** mmap(2). `fd` is -1 for anonymous memory. */
  mmap(sizeBytes: number, protection: number, flags: number, fd: number, offsetBytes: number): MemoryMapping | number;

  ioctl(fd: number, request: number, argument: number): number;

  /** close(2). EINTR means closed, as everywhere on Linux. */
  close(fd: number): number;

  /** A duplicate >= {@link LOWEST_SAFE_FD} with close-on-exec: F_DUPFD_CLOEXEC. */
  duplicate(fd: number): number;

  /** Whether the next execve(2) closes a descriptor: F_SETFD. */
  setCloseOnExec(fd: number, closes: boolean): number;

  /** pidfd_open(2), Linux 5.3. */
  pidfdOpen(pid: number): number;

  /** userfaultfd(2), Linux 4.3. */
  userfaultfd(flags: number): number;

  /** madvise(2) on memory of this process. */
  madvise(address: bigint, sizeBytes: number, advice: number): number;

  /** Gives the kernel back what malloc keeps of memory that was freed: 1 where there was some, malloc_trim(3) of glibc. */
  trimMalloc(): number;

  /** prctl(2) for options with one argument. Concerns the calling thread, and what this process becomes by execve(2). */
  prctl(option: number, argument: number): number;

  /** Sets RLIMIT_MEMLOCK of this process, both limits, to infinity: prlimit(2). */
  raiseMemoryLock(): number;

  /**
   * A new instance of a virtual file system that is mounted nowhere: fsopen(2), fsconfig(2), fsmount(2), Linux 5.2.
   * Reachable as /proc/self/fd/N by this process alone; gone when the descriptor is closed.
   */
  mountDetached(fileSystem: string): number;

  /** Calls back from the event loop whenever `fd` is readable, as long as it is (level-triggered). */
  poll(fd: number, onReadable: () => void): PollHandle;
}

/** Memory mapped by {@link Sys.mmap}. */
export interface MemoryMapping {
  /** Writing where PROT_WRITE is missing kills the process: hand out views of it with care. */
  readonly buffer: ArrayBuffer;
  readonly sizeBytes: number;
  readonly address: bigint;
  /** Detaches `buffer`, so that views of it throw instead of reading memory that is gone, then unmaps it. */
  unmap(): void;
}

export interface PollHandle {
  close(): void;
  /** Lets the process exit while this is polled. */
  unref(): void;
  ref(): void;
}

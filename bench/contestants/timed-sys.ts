import { KoffiSys, type MemoryMapping, type PollHandle, type Sys } from "@skep/ebpf/sys";
import { now } from "../harness/statistics.ts";

/** The way to the kernel, with the time that bpf() and perf_event_open() take: what no loader can save. */
export class TimedSys implements Sys {
  readonly #sys: Sys = new KoffiSys();
  readonly pageSizeBytes: number = this.#sys.pageSizeBytes;
  /** Nanoseconds so far. */
  elapsedNs = 0;

  address(memory: Uint8Array): bigint {
    return this.#sys.address(memory);
  }

  bpf(command: number, attributes: Uint8Array): number {
    return this.#time(() => this.#sys.bpf(command, attributes));
  }

  async bpfAsync(command: number, attributes: Uint8Array): Promise<number> {
    const start = now();
    const result = await this.#sys.bpfAsync(command, attributes);
    this.elapsedNs += now() - start;
    return result;
  }

  perfEventOpen(attributes: Uint8Array, pid: number, cpu: number, groupFd: number, flags: number): number {
    return this.#time(() => this.#sys.perfEventOpen(attributes, pid, cpu, groupFd, flags));
  }

  mmap(sizeBytes: number, protection: number, flags: number, fd: number, offsetBytes: number): MemoryMapping | number {
    return this.#sys.mmap(sizeBytes, protection, flags, fd, offsetBytes);
  }

  ioctl(fd: number, request: number, argument: number): number {
    return this.#sys.ioctl(fd, request, argument);
  }

  close(fd: number): number {
    return this.#sys.close(fd);
  }

  duplicate(fd: number): number {
    return this.#sys.duplicate(fd);
  }

  setCloseOnExec(fd: number, closes: boolean): number {
    return this.#sys.setCloseOnExec(fd, closes);
  }

  pidfdOpen(pid: number): number {
    return this.#sys.pidfdOpen(pid);
  }

  userfaultfd(flags: number): number {
    return this.#sys.userfaultfd(flags);
  }

  trimMalloc(): number {
    return this.#sys.trimMalloc();
  }

  madvise(address: bigint, sizeBytes: number, advice: number): number {
    return this.#sys.madvise(address, sizeBytes, advice);
  }

  prctl(option: number, argument: number): number {
    return this.#sys.prctl(option, argument);
  }

  raiseMemoryLock(): number {
    return this.#sys.raiseMemoryLock();
  }

  mountDetached(fileSystem: string): number {
    return this.#sys.mountDetached(fileSystem);
  }

  poll(fd: number, onReadable: () => void): PollHandle {
    return this.#sys.poll(fd, onReadable);
  }

  #time(call: () => number): number {
    const start = now();
    const result = call();
    this.elapsedNs += now() - start;
    return result;
  }
}

import { Errno } from "../sys/failure.ts";
import { LOWEST_SAFE_FD, type MemoryMapping, type PollHandle, type Sys } from "../sys/sys.ts";
import { BpfCommand } from "../sys/uapi.ts";

/** One call that reached the fake kernel. */
export interface FakeCall {
  /** `bpf:5` for a command of bpf(2), else the name of the method. */
  readonly name: string;
  /** Bytes of the attributes, for bpf and perfEventOpen. */
  readonly attributes: DataView;
  readonly arguments: readonly number[];
}

export interface FakeSysOptions {
  /** Result of a call; undefined for what the fake does by itself: succeed. */
  readonly respond?: (call: FakeCall, index: number) => number | undefined;
  /** First descriptor it hands out; default 100. */
  readonly firstFd?: number;
}

const DESCRIPTOR_COMMANDS: ReadonlySet<number> = new Set([
  BpfCommand.MAP_CREATE,
  BpfCommand.PROG_LOAD,
  BpfCommand.BTF_LOAD,
  BpfCommand.BTF_GET_FD_BY_ID,
  BpfCommand.RAW_TRACEPOINT_OPEN,
  BpfCommand.LINK_CREATE,
  BpfCommand.ITER_CREATE,
  BpfCommand.ENABLE_STATS,
]);

/**
 * A kernel that does as it is told, for the paths that a real one seldom takes: failures at each step, and what must be
 * let go of then. It proves nothing about eBPF itself.
 */
export class FakeSys implements Sys {
  readonly pageSizeBytes = 4096;
  readonly calls: FakeCall[] = [];
  /** Descriptors that were handed out and not closed. */
  readonly openFds: Set<number> = new Set();
  readonly mappings: Set<MemoryMapping> = new Set();
  readonly polled: Map<number, () => void> = new Map();
  readonly #respond: NonNullable<FakeSysOptions["respond"]>;
  readonly #memory: Map<bigint, Uint8Array> = new Map();
  #nextAddress = 0x10000n;
  #nextFd: number;

  constructor(options: FakeSysOptions = {}) {
    this.#respond = options.respond ?? (() => undefined);
    this.#nextFd = options.firstFd ?? 100;
  }

  /** What a pointer in attributes points to. */
  memoryAt(address: bigint): Uint8Array | undefined {
    return this.#memory.get(address);
  }

  address(memory: Uint8Array): bigint {
    const address = this.#nextAddress;
    this.#nextAddress += 0x10000n;
    this.#memory.set(address, memory);
    return address;
  }

  bpf(command: number, attributes: Uint8Array): number {
    const result = this.#call(`bpf:${command}`, attributes, []);
    return result === 0 && DESCRIPTOR_COMMANDS.has(command) ? this.#open() : result;
  }

  bpfAsync(command: number, attributes: Uint8Array): Promise<number> {
    return Promise.resolve(this.bpf(command, attributes));
  }

  perfEventOpen(attributes: Uint8Array, pid: number, cpu: number, groupFd: number, flags: number): number {
    const result = this.#call("perfEventOpen", attributes, [pid, cpu, groupFd, flags]);
    return result === 0 ? this.#open() : result;
  }

  mmap(sizeBytes: number, protection: number, flags: number, fd: number, offsetBytes: number): MemoryMapping | number {
    const result = this.#call("mmap", undefined, [sizeBytes, protection, flags, fd, offsetBytes]);
    if (result < 0) return result;
    const mappings = this.mappings;
    const mapping: MemoryMapping = {
      buffer: new ArrayBuffer(sizeBytes),
      sizeBytes,
      address: this.#nextAddress,
      unmap() {
        mappings.delete(mapping);
      },
    };
    mappings.add(mapping);
    return mapping;
  }

  ioctl(fd: number, request: number, argument: number): number {
    return this.#call("ioctl", undefined, [fd, request, argument]);
  }

  /** Closing what is not open is what this is here to find. */
  close(fd: number): number {
    if (!this.openFds.delete(fd)) throw new Error(`descriptor ${fd} is closed, but not open`);
    return 0;
  }

  duplicate(fd: number): number {
    const result = this.#call("duplicate", undefined, [fd]);
    if (result < 0) return result;
    this.#nextFd = Math.max(this.#nextFd, LOWEST_SAFE_FD);
    return this.#open();
  }

  setCloseOnExec(fd: number, closes: boolean): number {
    return this.#call("setCloseOnExec", undefined, [fd, closes ? 1 : 0]);
  }

  pidfdOpen(pid: number): number {
    const result = this.#call("pidfdOpen", undefined, [pid]);
    return result === 0 ? this.#open() : result;
  }

  userfaultfd(flags: number): number {
    const result = this.#call("userfaultfd", undefined, [flags]);
    return result === 0 ? this.#open() : result;
  }

  madvise(address: bigint, sizeBytes: number, advice: number): number {
    return this.#call("madvise", undefined, [Number(address), sizeBytes, advice]);
  }

  trimMalloc(): number {
    return this.#call("trimMalloc", undefined, []);
  }

  prctl(option: number, argument: number): number {
    return this.#call("prctl", undefined, [option, argument]);
  }

  raiseMemoryLock(): number {
    return this.#call("raiseMemoryLock", undefined, []);
  }

  mountDetached(): number {
    const result = this.#call("mountDetached", undefined, []);
    return result === 0 ? this.#open() : result;
  }

  poll(fd: number, onReadable: () => void): PollHandle {
    this.polled.set(fd, onReadable);
    return {
      close: () => this.polled.delete(fd),
      ref: () => undefined,
      unref: () => undefined,
    };
  }

  /** Names of the calls made, such as `bpf:0`. */
  get callNames(): string[] {
    return this.calls.map(({ name }) => name);
  }

  #call(name: string, attributes: Uint8Array | undefined, args: readonly number[]): number {
    const copy = attributes?.slice() ?? new Uint8Array(0);
    const call = { name, attributes: new DataView(copy.buffer), arguments: args };
    this.calls.push(call);
    return this.#respond(call, this.calls.length - 1) ?? 0;
  }

  #open(): number {
    const fd = this.#nextFd++;
    this.openFds.add(fd);
    return fd;
  }
}

/** Every call fails in turn: answers -EIO at the call of this number. */
export function failingAt(index: number): FakeSysOptions {
  return { respond: (_, current) => (current === index ? -Errno.EIO : undefined) };
}

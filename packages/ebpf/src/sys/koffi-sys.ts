import { BpfError } from "../errors.ts";
import { type Koffi, loadKoffi } from "./load-koffi.ts";
import { LOWEST_SAFE_FD, type MemoryMapping, type PollHandle, type Sys } from "./sys.ts";

/** System call numbers that differ between architectures (asm/unistd_64.h, asm-generic/unistd.h). */
interface SyscallNumbers {
  readonly bpf: number;
  readonly perfEventOpen: number;
  readonly userfaultfd: number;
}
const SYSCALL_NUMBERS: Readonly<Record<string, SyscallNumbers>> = {
  x64: { bpf: 321, perfEventOpen: 298, userfaultfd: 323 },
  arm64: { bpf: 280, perfEventOpen: 241, userfaultfd: 282 },
};
/** Newer system calls have the same number everywhere. */
const FSOPEN = 430;
const FSCONFIG = 431;
const FSMOUNT = 432;
const PIDFD_OPEN = 434;

const F_DUPFD_CLOEXEC = 1030;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const SC_PAGESIZE = 30;
const RLIMIT_MEMLOCK = 8;
const FSCONFIG_CMD_CREATE = 6;
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;

/** koffi gives 64-bit results as a number where it is exact, else as a bigint. */
type Result = number | bigint;
type Word = number | bigint;

/** {@link Sys} by way of libc, called through koffi. */
export class KoffiSys implements Sys {
  readonly pageSizeBytes: number;
  readonly #koffi: Koffi;
  readonly #numbers: SyscallNumbers;
  readonly #bpf: (number: number, command: number, attributes: Uint8Array, size: number) => Result;
  readonly #bpfAsync: (
    number: number,
    command: number,
    attributes: Uint8Array,
    size: number,
    callback: (error: Error | null, result: Result) => void,
  ) => void;
  readonly #perfEventOpen: (
    number: number,
    attributes: Uint8Array,
    pid: number,
    cpu: number,
    groupFd: number,
    flags: number,
  ) => Result;
  readonly #syscall: (number: number, a: Word, b: Word, c: Word, d: Word, e: Word) => Result;
  readonly #mmap: (
    address: null,
    size: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ) => Result;
  readonly #munmap: (address: bigint, size: number) => Result;
  readonly #madvise: (address: bigint, size: number, advice: number) => Result;
  /** Undefined where libc has none: musl's malloc gives back by itself. */
  readonly #mallocTrim: ((keptBytes: number) => Result) | undefined;
  readonly #ioctl: (fd: number, request: number, argument: number) => Result;
  readonly #close: (fd: number) => Result;
  readonly #fcntl: (fd: number, command: number, argument: number) => Result;
  readonly #prctl: (option: number, argument: Word, c: Word, d: Word, e: Word) => Result;
  readonly #prlimit: (pid: number, resource: number, limit: Uint8Array, previous: null) => Result;

  constructor() {
    const numbers = SYSCALL_NUMBERS[process.arch];
    if (process.platform !== "linux" || numbers === undefined) {
      throw new BpfError(
        "not-supported",
        `eBPF needs Linux on x64 or arm64; this is ${process.platform} on ${process.arch}`,
      );
    }
    this.#numbers = numbers;
    const koffi = loadKoffi();
    this.#koffi = koffi;
    const libc = koffi.load(null);
    const bpf = libc.func("syscall", "int64", ["int64", "int", "void *", "uint"]);
    this.#bpf = bpf;
    this.#bpfAsync = bpf.async;
    this.#perfEventOpen = libc.func("syscall", "int64", ["int64", "void *", "int", "int", "int", "ulong"]);
    this.#syscall = libc.func("syscall", "int64", ["int64", "int64", "int64", "int64", "int64", "int64"]);
    this.#mmap = libc.func("mmap", "int64", ["void *", "size_t", "int", "int", "int", "int64"]);
    this.#munmap = libc.func("munmap", "int", ["uintptr_t", "size_t"]);
    this.#madvise = libc.func("madvise", "int", ["uintptr_t", "size_t", "int"]);
    this.#mallocTrim = functionIfThere(() => libc.func("malloc_trim", "int", ["size_t"]));
    this.#ioctl = libc.func("ioctl", "int", ["int", "ulong", "ulong"]);
    this.#close = libc.func("close", "int", ["int"]);
    this.#fcntl = libc.func("fcntl", "int", ["int", "int", "int"]);
    this.#prctl = libc.func("prctl", "int", ["int", "ulong", "ulong", "ulong", "ulong"]);
    this.#prlimit = libc.func("prlimit", "int", ["int", "int", "void *", "void *"]);
    const sysconf = libc.func("sysconf", "long", ["int"]) as (name: number) => Result;
    this.pageSizeBytes = Number(sysconf(SC_PAGESIZE));
  }

  address(memory: Uint8Array): bigint {
    return this.#koffi.address(memory);
  }

  bpf(command: number, attributes: Uint8Array): number {
    return this.#result(this.#bpf(this.#numbers.bpf, command, attributes, attributes.length));
  }

  bpfAsync(command: number, attributes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#bpfAsync(this.#numbers.bpf, command, attributes, attributes.length, (error, result) => {
        if (error !== null) reject(error);
        else resolve(this.#result(result));
      });
    });
  }

  perfEventOpen(attributes: Uint8Array, pid: number, cpu: number, groupFd: number, flags: number): number {
    return this.#result(this.#perfEventOpen(this.#numbers.perfEventOpen, attributes, pid, cpu, groupFd, flags));
  }

  mmap(sizeBytes: number, protection: number, flags: number, fd: number, offsetBytes: number): MemoryMapping | number {
    const result = this.#mmap(null, sizeBytes, protection, flags, fd, offsetBytes);
    if (Number(result) === -1) return this.#result(result);
    const address = BigInt(result);
    const buffer = this.#koffi.view(address, sizeBytes);
    const munmap = this.#munmap;
    return {
      buffer,
      sizeBytes,
      address,
      unmap() {
        if (buffer.detached) return;
        buffer.transfer(0);
        munmap(address, sizeBytes);
      },
    };
  }

  ioctl(fd: number, request: number, argument: number): number {
    return this.#result(this.#ioctl(fd, request, argument));
  }

  close(fd: number): number {
    return this.#result(this.#close(fd));
  }

  duplicate(fd: number): number {
    return this.#result(this.#fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_SAFE_FD));
  }

  setCloseOnExec(fd: number, closes: boolean): number {
    return this.#result(this.#fcntl(fd, F_SETFD, closes ? FD_CLOEXEC : 0));
  }

  pidfdOpen(pid: number): number {
    return this.#result(this.#syscall(PIDFD_OPEN, pid, 0, 0, 0, 0));
  }

  userfaultfd(flags: number): number {
    return this.#result(this.#syscall(this.#numbers.userfaultfd, flags, 0, 0, 0, 0));
  }

  madvise(address: bigint, sizeBytes: number, advice: number): number {
    return this.#result(this.#madvise(address, sizeBytes, advice));
  }

  trimMalloc(): number {
    return Number(this.#mallocTrim?.(0) ?? 0);
  }

  prctl(option: number, argument: number): number {
    return this.#result(this.#prctl(option, argument, 0, 0, 0));
  }

  raiseMemoryLock(): number {
    const infinity = new Uint8Array(16).fill(0xff);
    return this.#result(this.#prlimit(0, RLIMIT_MEMLOCK, infinity, null));
  }

  mountDetached(fileSystem: string): number {
    const name = new TextEncoder().encode(`${fileSystem}\0`);
    const context = this.#result(this.#syscall(FSOPEN, this.address(name), FSOPEN_CLOEXEC, 0, 0, 0));
    if (context < 0) return context;
    try {
      const created = this.#result(this.#syscall(FSCONFIG, context, FSCONFIG_CMD_CREATE, 0, 0, 0));
      if (created < 0) return created;
      return this.#result(this.#syscall(FSMOUNT, context, FSMOUNT_CLOEXEC, 0, 0, 0));
    } finally {
      this.close(context);
    }
  }

  poll(fd: number, onReadable: () => void): PollHandle {
    return this.#koffi.node.poll(fd, { readable: true }, onReadable);
  }

  #result(result: Result): number {
    return Number(result) === -1 ? -this.#koffi.errno() : Number(result);
  }
}

function functionIfThere<Function>(find: () => Function): Function | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("Cannot find function")) return undefined;
    throw error;
  }
}

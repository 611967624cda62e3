// One request of io_uring after the other; structs of include/uapi/linux/io_uring.h.
import { addressOf, libcFunction, memoryAt } from "./libc.mjs";

const syscall = libcFunction("long syscall(long, long, void *, long, long, long, long)");
const register = libcFunction("long syscall(long, long, long, void *, long)");
const mmap = libcFunction("int64_t mmap(void *, size_t, int, int, int, int64_t)");

/** Numbers that are the same on all architectures. */
const IO_URING_SETUP = 425;
const IO_URING_ENTER = 426;
const IO_URING_REGISTER = 427;
const IORING_ENTER_GETEVENTS = 1;
const IORING_REGISTER_FILES = 2;
/** Offsets of what can be mapped. */
const IORING_OFF_CQ_RING = 0x8000000;
const IORING_OFF_SQES = 0x10000000;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;

/** IOSQE_*: flags of requests. */
export const FIXED_FILE = 1 << 0;
export const ASYNC = 1 << 4;
const IOSQE_CQE_SKIP_SUCCESS = 1 << 6;

export const Opcode = { readv: 1, fsync: 3, openat: 18, close: 19, read: 22, write: 23, send: 26, recv: 27 };

export class IoUring {
  #fd;
  #requests;
  #submission;
  #completion;

  constructor() {
    const parameters = new DataView(new ArrayBuffer(120));
    this.#fd = syscall(IO_URING_SETUP, 4, Buffer.from(parameters.buffer), 0, 0, 0, 0);
    if (this.#fd < 0) throw new Error("io_uring_setup failed");
    const at = (offset) => parameters.getUint32(offset, true);
    const [submissions, completions] = [at(0), at(4)];
    this.#requests = new DataView(this.#map(submissions * 64, IORING_OFF_SQES));
    // struct io_sqring_offsets is at 40, struct io_cqring_offsets at 80.
    const submission = this.#map(at(64) + submissions * 4, 0);
    const completion = this.#map(at(100) + completions * 16, IORING_OFF_CQ_RING);
    this.#submission = { tail: new Uint32Array(submission, at(44), 1), array: new Uint32Array(submission, at(64)) };
    this.#completion = {
      head: new Uint32Array(completion, at(80), 1),
      mask: completions - 1,
      results: new DataView(completion, at(100)),
    };
  }

  /** Hands a request in and waits for it. Answers its result. */
  run(request) {
    this.#handIn(request, 1);
    const position = Atomics.load(this.#completion.head, 0) & this.#completion.mask;
    const result = this.#completion.results.getInt32(position * 16 + 8, true);
    Atomics.add(this.#completion.head, 0, 1);
    return result;
  }

  /** Hands in a request that asks for no completion. */
  runSilently(request) {
    this.#handIn({ ...request, requestFlags: (request.requestFlags ?? 0) | IOSQE_CQE_SKIP_SUCCESS }, 0);
  }

  /** Says false where the kernel refuses it. From then on these can be named by their place, with {@link FIXED_FILE}. */
  registerFiles(...fds) {
    return register(IO_URING_REGISTER, this.#fd, IORING_REGISTER_FILES, Int32Array.from(fds), fds.length) === 0;
  }

  #handIn({ opcode, fd, buffer, length = buffer?.length ?? 0, offset = 0, flags = 0, requestFlags = 0 }, waitFor) {
    this.#requests.setUint8(0, opcode);
    this.#requests.setUint8(1, requestFlags);
    this.#requests.setInt32(4, fd, true);
    this.#requests.setBigUint64(8, BigInt(offset), true);
    this.#requests.setBigUint64(16, buffer === undefined ? 0n : addressOf(buffer), true);
    this.#requests.setUint32(24, length, true);
    this.#requests.setUint32(28, flags, true);
    this.#submission.array.fill(0);
    Atomics.add(this.#submission.tail, 0, 1);
    syscall(IO_URING_ENTER, this.#fd, 1, waitFor, IORING_ENTER_GETEVENTS, 0, 0);
  }

  #map(sizeBytes, offset) {
    const address = mmap(null, sizeBytes, PROT_READ_WRITE, MAP_SHARED, this.#fd, offset);
    return memoryAt(BigInt(address), sizeBytes);
  }
}

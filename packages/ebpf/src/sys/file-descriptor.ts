import { failure, type Meanings } from "./failure.ts";
import { LOWEST_SAFE_FD, type Sys } from "./sys.ts";

/** A descriptor that this process owns: closed exactly once, never 0..2. */
export class FileDescriptor implements Disposable {
  readonly #sys: Sys;
  #fd: number;

  private constructor(sys: Sys, fd: number) {
    this.#sys = sys;
    this.#fd = fd;
  }

  /**
   * Takes the result of a call that makes a descriptor, or throws what its errno means. A service with closed standard
   * streams gets 0, 1 or 2 from the kernel: those are moved up.
   */
  static own(sys: Sys, result: number, syscall: string, action: string, meanings?: Meanings): FileDescriptor {
    if (result < 0) throw failure(result, syscall, action, meanings);
    if (result >= LOWEST_SAFE_FD) return new FileDescriptor(sys, result);
    const moved = sys.duplicate(result);
    sys.close(result);
    if (moved < 0) throw failure(moved, "fcntl(F_DUPFD_CLOEXEC)", action);
    return new FileDescriptor(sys, moved);
  }

  /** -1 once closed: the kernel answers EBADF, and nobody else's descriptor is hit. */
  get fd(): number {
    return this.#fd;
  }

  get closed(): boolean {
    return this.#fd < 0;
  }

  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#sys.close(this.#fd);
    this.#fd = -1;
  }
}

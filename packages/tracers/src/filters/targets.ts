import type { KeyedMap } from "@skep/ebpf";
import { descendantsOf, isRunning } from "./processes.ts";

/** `TARGET_*` of kernel/targets.h. */
const PENDING = 1;
const TRACED = 2;

/** The processes that are counted, as a table in the kernel: programs there add children and take out what exits. */
export class Targets {
  readonly #table: KeyedMap<number, number>;
  readonly #left: PromiseWithResolvers<void> = Promise.withResolvers();
  /** One that was seen to run when it was in the table already: since then its exit takes it out, and is told of. */
  #running: number | undefined;

  constructor(table: KeyedMap<number, number>) {
    this.#table = table;
  }

  /** Resolves when none of them runs any more. */
  get allExited(): Promise<void> {
    return this.#left.promise;
  }

  /** Counts these from now on, or from their next exec on. Goes after the hooks are attached: what exits later is seen. */
  add(pids: readonly number[], options: { readonly pending: boolean; readonly withDescendants: boolean }): void {
    for (const pid of pids) this.#table.set(pid, options.pending ? PENDING : TRACED);
    this.#running = pids.find(isRunning);
    if (!options.withDescendants) return;
    // A child forked before its parent was in the table is only found by looking; do so until nothing new turns up.
    for (let found = descendantsOf(pids); ; found = descendantsOf(pids)) {
      const unknown = [...found].filter((pid) => !this.#table.has(pid));
      if (unknown.length === 0) return;
      for (const pid of unknown) this.#table.set(pid, TRACED);
    }
  }

  /**
   * To be called for each that the kernel half says has exited. Asks the kernel nothing as long as one is known to run:
   * from 7.0 on programs at system calls are left out while bpf(2) is at work (kernel/syscall-program.h), and an exit
   * is just when the parent goes on.
   */
  exited(pid: number): void {
    if (pid === this.#running) this.#running = undefined;
    if (this.#running === undefined) this.refresh();
  }

  /** To be called now and then: one that exited before it was added has to be found by looking. */
  refresh(): void {
    if (this.#running !== undefined && isRunning(this.#running) && this.#table.has(this.#running)) return;
    for (const pid of this.#table.keys()) {
      if (isRunning(pid)) {
        this.#running = pid;
        return;
      }
      this.#table.delete(pid);
    }
    this.#left.resolve();
  }
}

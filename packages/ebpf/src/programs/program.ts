import type { ProgramHook } from "../loader/spec.ts";
import { type AttachOptions, attach } from "../probes/attach.ts";
import type { Link } from "../probes/link.ts";
import { programTestRun, type TestRunOptions, type TestRunResult } from "../sys/bpf.ts";
import type { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";
import { type ProgramInformation, readProgramInformation } from "./program-information.ts";

/** A program that the kernel has verified and holds. It goes with this object, unless something else refers to it. */
export class Program implements Disposable {
  /** Name of the C function. */
  readonly name: string;
  /** Where its section says that it belongs. */
  readonly hook: ProgramHook;
  readonly #sys: Sys;
  readonly #descriptor: FileDescriptor;
  readonly #links: Set<Link> = new Set();

  constructor(sys: Sys, descriptor: FileDescriptor, hook: ProgramHook) {
    this.#sys = sys;
    this.#descriptor = descriptor;
    const { name, sectionName, type, expectedAttachType, attachTo } = hook;
    this.name = name;
    // A spec has the instructions and their lines, too: some 100 KB, which are not needed any more.
    this.hook = { name, sectionName, type, expectedAttachType, attachTo };
  }

  /** The descriptor, -1 once disposed of. It belongs to this object: don't close it. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * Attaches it to what its section names: `tp_btf/sched_switch`, `tracepoint/sched/sched_switch`, `kprobe/do_exit`,
   * `uprobe//bin/bash:readline` ... It stays attached until the link or the program is disposed of.
   *
   * @throws {BpfError} `invalid-argument` where the section does not say enough (perf events): use `attachPerfEvent`
   */
  attach(options: AttachOptions = {}): Link {
    const link = attach(this, this.hook, { sys: this.#sys, ...options });
    this.#links.add(link);
    link.onDispose(() => this.#links.delete(link));
    return link;
  }

  /** Runs it once (or `repeat` times) with the given context, as far as its type allows. */
  testRun(options: TestRunOptions = {}): TestRunResult {
    return programTestRun(this.#sys, this.fd, options);
  }

  /** What the kernel knows of it, its run time among it: that counts only while `enableStats()` is held. */
  info(): ProgramInformation {
    return readProgramInformation(this.#sys, this.fd, this.name);
  }

  /** Detaches it where `attach` attached it, and closes it. */
  [Symbol.dispose](): void {
    for (const link of this.#links) link[Symbol.dispose]();
    this.#descriptor[Symbol.dispose]();
  }
}

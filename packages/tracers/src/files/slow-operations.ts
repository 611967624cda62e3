import { EventQueue } from "@skep/ebpf";
import { errorName, type SyscallNames } from "../syscalls/kernel-names.ts";
import type { UnixClock } from "../unix-clock.ts";
import type { FileDescriptions } from "./file-descriptions.ts";
import type { FileOperation, SlowOperation } from "./file-report.ts";
import { CallKind, IO_URING_CALL, readSlowRecord } from "./file-table.ts";

/** The operations that took long, on their way from the kernel half to whoever reads them. */
export class SlowOperations implements Disposable {
  readonly events: EventQueue<SlowOperation> = new EventQueue();
  readonly #descriptions: FileDescriptions;
  readonly #callNames: SyscallNames;
  readonly #clock: UnixClock;

  constructor(descriptions: FileDescriptions, callNames: SyscallNames, clock: UnixClock) {
    this.#descriptions = descriptions;
    this.#callNames = callNames;
    this.#clock = clock;
  }

  /** Takes a `struct slow_operation` in. */
  add(view: DataView, recordOffset: number): void {
    if (this.events.full) {
      this.events.drop();
      return;
    }
    const { key, operation, call, endNs, durationNs, result, offset } = readSlowRecord(view, recordOffset);
    const { process, path, type, fileSystem } = this.#descriptions.get(key);
    this.events.push({
      kind: "slow",
      timeUnixNs: this.#clock.toUnixNs(endNs),
      process,
      path,
      type,
      fileSystem,
      operation: operationName(operation),
      call: call === IO_URING_CALL ? "io_uring" : this.#callNames.name(call),
      ...(offset >= 0 && { offset }),
      bytes: result > 0 && operation !== CallKind.open ? result : 0,
      durationNs,
      ...(result < 0 && { error: errorName(-result) }),
    });
  }

  [Symbol.dispose](): void {
    this.events[Symbol.dispose]();
  }
}

function operationName(operation: number): FileOperation {
  switch (operation) {
    case CallKind.open:
      return "open";
    case CallKind.read:
      return "read";
    case CallKind.write:
      return "write";
    case CallKind.sync:
      return "sync";
    default:
      return "transfer";
  }
}

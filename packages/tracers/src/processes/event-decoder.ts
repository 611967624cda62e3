import { pageSizeBytes } from "@skep/ebpf";
import { CgroupNames } from "../cgroup-names.ts";
import { errorName } from "../syscalls/kernel-names.ts";
import type { UnixClock } from "../unix-clock.ts";
import { exitStatus } from "./exit-status.ts";
import type { ProcessEvent } from "./process-event.ts";
import { RecordKind, readExec, readExit, readKind, readProcess } from "./process-records.ts";

/** Makes events of the kernel half's records. */
export class EventDecoder {
  readonly #clock: UnixClock;
  readonly #cgroups = new CgroupNames();
  readonly #pageBytes = pageSizeBytes();

  constructor(clock: UnixClock) {
    this.#clock = clock;
  }

  /** Undefined for a record that says something about events to come. */
  decode(view: DataView, offset: number): ProcessEvent | undefined {
    const kind = readKind(view, offset);
    if (kind === RecordKind.cgroup) {
      this.#cgroups.takeRecord(view, offset);
      return undefined;
    }
    const { timeNs, cgroupId, ...process } = readProcess(view, offset);
    const base = { timeUnixNs: this.#clock.toUnixNs(timeNs), ...process, ...this.#cgroups.get(cgroupId) };
    switch (kind) {
      case RecordKind.start:
        return { kind: "start", ...base };
      case RecordKind.exec: {
        const { path, executable, directory, argumentCount, argumentsTruncated, ...rest } = readExec(view, offset);
        return {
          kind: "exec",
          ...base,
          path,
          executablePath: executable.path,
          executableDeleted: executable.deleted,
          arguments: rest.arguments,
          argumentCount,
          argumentsTruncated,
          workingDirectory: directory.path,
        };
      }
      case RecordKind.execFailure: {
        const { path, directory, error, argumentsTruncated, ...rest } = readExec(view, offset);
        return {
          kind: "exec-failure",
          ...base,
          path,
          error: errorName(error),
          arguments: rest.arguments,
          argumentsTruncated,
          workingDirectory: directory.path,
        };
      }
      case RecordKind.exit: {
        const { exitCode, peakResidentPages, ...took } = readExit(view, offset);
        return {
          kind: "exit",
          ...base,
          ...exitStatus(exitCode),
          ...took,
          peakResidentBytes: peakResidentPages * this.#pageBytes,
        };
      }
      default:
        throw new RangeError(`the kernel half sent a record of kind ${kind}`);
    }
  }
}

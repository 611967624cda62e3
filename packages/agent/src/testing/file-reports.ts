import type { FileReport, FileStatistics, SlowOperation } from "@skep/tracers/files";
import { NO_OPERATIONS } from "../files/add-file-reports.ts";

/** What was done with one file; nothing but what is given. */
export function fileStatistics(changes: Partial<FileStatistics> = {}): FileStatistics {
  return {
    ...NO_OPERATIONS,
    process: { pid: 4242, name: "node" },
    path: "/srv/api/data.db",
    type: "file",
    fileSystem: "ext4",
    deleted: false,
    errors: {},
    ...changes,
  };
}

export function slowOperation(changes: Partial<SlowOperation> = {}): SlowOperation {
  return {
    kind: "slow",
    timeUnixNs: 1_795_000_000_123_456_789n,
    process: { pid: 4242, name: "node" },
    path: "/srv/api/data.db",
    type: "file",
    fileSystem: "ext4",
    operation: "read",
    call: "pread64",
    offset: 8192,
    bytes: 4096,
    durationNs: 31_000_000,
    ...changes,
  };
}

/** A report that a test can add up by hand. */
export function fileReport(changes: Partial<FileReport> = {}): FileReport {
  const cc1 = { pid: 977, name: "cc1" };
  return {
    timeUnixNs: 1_795_000_000_000_000_000n,
    durationNs: 10_000_000_000,
    files: [
      fileStatistics({
        opens: 1,
        reads: 12_000,
        readBytes: 49_000_000,
        readNs: 31_000_000,
        writes: 300,
        writtenBytes: 1_228_800,
        writeNs: 4_000_000,
        syncs: 2,
        syncNs: 90_000_000,
      }),
      fileStatistics({
        type: "socket",
        path: "socket",
        fileSystem: "sockfs",
        reads: 900,
        readBytes: 800_000,
        readNs: 9e9,
      }),
      fileStatistics({
        process: cc1,
        path: "/usr/lib/gcc/x86_64-linux-gnu/12/include/stddef.h",
        opens: 1,
        openNs: 20_000,
        reads: 2,
        readBytes: 12_961,
        readNs: 8_000,
        deleted: true,
      }),
      fileStatistics({
        process: cc1,
        type: "pipe",
        path: "pipe",
        fileSystem: "pipefs",
        writes: 40,
        writtenBytes: 70_000,
        writeNs: 1e6,
      }),
      fileStatistics({
        type: "socket",
        path: "socket",
        fileSystem: "sockfs",
        process: cc1,
        writes: 1,
        writtenBytes: 20,
        writeNs: 1e3,
      }),
      fileStatistics({
        process: cc1,
        type: "none",
        path: "/usr/local/include/stddef.h",
        fileSystem: "",
        opens: 17,
        openNs: 9_000,
        errors: { ENOENT: 16, EACCES: 1 },
      }),
    ],
    unattributed: NO_OPERATIONS,
    lost: { threadsFull: 0, recursion: 0, eventsFull: 0, eventsUnread: 0 },
    incomplete: {
      startedBefore: 0,
      pathUnknown: 0,
      evicted: 0,
      childrenNotFollowed: 0,
      ioUringNotSeen: 0,
      asyncNotSeen: 0,
    },
    ...changes,
  };
}

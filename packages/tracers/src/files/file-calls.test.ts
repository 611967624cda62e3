import assert from "node:assert/strict";
import { test } from "node:test";
import { SyscallNames } from "../syscalls/kernel-names.ts";
import { type FileCall, fileCallTables } from "./file-calls.ts";

const NONE = 0xff;
const POSITION = 0xfe;

/** Numbers of the calls that are looked at. */
function lookedAt(calls: readonly FileCall[]): number[] {
  return calls.flatMap(({ kind }, number) => (kind === 0 ? [] : [number]));
}

test("calls are known by the numbers of each architecture and interface", () => {
  const x64 = fileCallTables(new SyscallNames("x64"), true);
  const arm64 = fileCallTables(new SyscallNames("arm64"), true);
  const sendfile = { kind: 5, file: 1, other: 0, offset: NONE };
  const openat = { kind: 1, file: 0, other: 1, offset: NONE };
  const cases: [readonly FileCall[], number, FileCall][] = [
    [x64.calls, 0, { kind: 2, file: 0, other: NONE, offset: POSITION }],
    [x64.calls, 2, { kind: 1, file: NONE, other: 0, offset: NONE }],
    [x64.calls, 18, { kind: 3, file: 0, other: NONE, offset: 3 }],
    [x64.calls, 40, sendfile],
    [x64.calls, 257, openat],
    [x64.calls, 304, { kind: 1, file: NONE, other: NONE, offset: NONE }],
    [x64.calls, 326, { kind: 5, file: 0, other: 2, offset: NONE }],
    [x64.compatCalls, 3, { kind: 2, file: 0, other: NONE, offset: POSITION }],
    [x64.compatCalls, 187, sendfile],
    [x64.compatCalls, 239, sendfile],
    [x64.compatCalls, 295, openat],
    [arm64.calls, 56, openat],
    [arm64.calls, 71, sendfile],
    [arm64.compatCalls, 322, openat],
  ];
  for (const [calls, number, call] of cases) assert.deepEqual(calls[number], call, String(number));
});

test("no call is looked at but those with files", () => {
  const { calls } = fileCallTables(new SyscallNames("x64"), true);
  assert.equal(calls.length, 512);
  const names = new SyscallNames("x64");
  assert.deepEqual(
    lookedAt(calls)
      .map((number) => names.name(number))
      .sort(),
    [
      ...[
        "copy_file_range",
        "creat",
        "fdatasync",
        "fsync",
        "io_submit",
        "open",
        "open_by_handle_at",
        "openat",
        "openat2",
      ],
      ...["pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readv", "sendfile", "splice"],
      ...["sync_file_range", "tee", "write", "writev"],
    ],
  );
});

test("what is handed to io_uring is counted where its requests are not seen", () => {
  const names = new SyscallNames("x64");
  for (const table of ["calls", "compatCalls"] as const) {
    assert.equal(fileCallTables(names, true)[table][426]?.kind, 0);
    assert.equal(fileCallTables(names, false)[table][426]?.kind, 6);
  }
});

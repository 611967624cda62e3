import { type CallTables, callTables, ARGUMENT_NONE as NONE } from "../call-tables.ts";
import type { SyscallNames } from "../syscalls/kernel-names.ts";
import { CallKind } from "./file-table.ts";

/** A system call that is looked at, as the kernel half has it: by the numbers of its arguments. `struct call` of files.bpf.c. */
export interface FileCall {
  readonly kind: number;
  readonly file: number;
  readonly other: number;
  readonly offset: number;
}

/** `OFFSET_POSITION` of files.bpf.c. */
const POSITION = 0xfe;

const notLookedAt: FileCall = { kind: 0, file: NONE, other: NONE, offset: NONE };

function read(offset: number): FileCall {
  return { kind: CallKind.read, file: 0, other: NONE, offset };
}

function write(offset: number): FileCall {
  return { kind: CallKind.write, file: 0, other: NONE, offset };
}

/** From one descriptor to another. */
function transfer(from: number, to: number): FileCall {
  return { kind: CallKind.transfer, file: from, other: to, offset: NONE };
}

function open(path: number, directory: number = NONE): FileCall {
  return { kind: CallKind.open, file: directory, other: path, offset: NONE };
}

const sync: FileCall = { kind: CallKind.sync, file: 0, other: NONE, offset: NONE };

/** vmsplice is not among them: whether it reads or writes depends on the pipe's end. */
const fileCalls: Readonly<Record<string, FileCall>> = {
  read: read(POSITION),
  readv: read(POSITION),
  pread64: read(3),
  preadv: read(3),
  preadv2: read(3),
  write: write(POSITION),
  writev: write(POSITION),
  pwrite64: write(3),
  pwritev: write(3),
  pwritev2: write(3),
  sendfile: transfer(1, 0),
  sendfile64: transfer(1, 0),
  splice: transfer(0, 2),
  tee: transfer(0, 1),
  copy_file_range: transfer(0, 2),
  open: open(0),
  creat: open(0),
  openat: open(1, 0),
  openat2: open(1, 0),
  open_by_handle_at: open(NONE),
  fsync: sync,
  fdatasync: sync,
  sync_file_range: sync,
  sync_file_range2: sync,
  arm_sync_file_range: sync,
  io_submit: { ...notLookedAt, kind: CallKind.async },
};

/** @param ioUringIsSeen whether io_uring's requests are seen one by one, or what is handed in has to be counted */
export function fileCallTables(names: SyscallNames, ioUringIsSeen: boolean): CallTables<FileCall> {
  const unseen = ioUringIsSeen ? {} : { io_uring_enter: { ...notLookedAt, kind: CallKind.ioUring } };
  return callTables(names, { ...fileCalls, ...unseen }, notLookedAt);
}

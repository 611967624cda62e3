import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compileCodec, parseObject } from "@skep/ebpf";
import { BtfKind } from "@skep/ebpf/btf";
import { CgroupNames } from "../cgroup-names.ts";
import { readExec, readExit, readKind, readProcess } from "./process-records.ts";

const { btf } = parseObject(readFileSync(new URL("processes.bpf.o", import.meta.url)));

/** Bytes of a struct of the kernel half, by the object's own types; `data` comes at its end. */
function bytesOf(struct: string, value: object, dataMember: string, data = ""): DataView {
  const typeId = btf?.findByName(struct, BtfKind.struct);
  assert.ok(btf !== undefined && typeId !== undefined);
  const codec = compileCodec(btf, typeId);
  const view = new DataView(new ArrayBuffer(codec.sizeBytes + 8), 8);
  codec.encode(dataMember === "" ? value : { ...value, [dataMember]: "?" }, view, 0);
  const bytes = new Uint8Array(view.buffer, 8);
  // The only question mark says where the data is.
  if (dataMember !== "") bytes.set(new TextEncoder().encode(data || "\0"), bytes.indexOf("?".charCodeAt(0)));
  return view;
}

const processValue = {
  kind: 3,
  pid: 4242,
  parent_pid: 4241,
  user_id: 1000,
  time_ns: 123_456_789_012n,
  cgroup_id: 0x1_0000_0007n,
  name: "worker",
};

const execValue = {
  process: processValue,
  error: 0,
  directory_fd: -100,
  argument_count: 3,
  arguments_whole: 1,
  executable_flags: 2,
  directory_flags: 0,
  path_bytes: 6,
  executable_bytes: 8,
  directory_bytes: 5,
  arguments_bytes: 7,
};
/** The path as it was given; names of the executable's path, of the directory's; arguments. */
const EXEC_DATA = "./run\0run\0app\0home\0run\0a\0\0";

test("what all records begin with is where the kernel half has it", () => {
  const view = bytesOf("process_record", processValue, "");
  assert.equal(readKind(view, 0), 3);
  assert.deepEqual(readProcess(view, 0), {
    pid: 4242,
    parentPid: 4241,
    userId: 1000,
    timeNs: 123_456_789_012n,
    cgroupId: 0x1_0000_0007n,
    name: "worker",
  });
});

test("an exec's parts come one after the other", () => {
  assert.deepEqual(readExec(bytesOf("exec_record", execValue, "data", EXEC_DATA), 0), {
    error: 0,
    path: "./run",
    arguments: ["run", "a", ""],
    argumentsTruncated: false,
    argumentCount: 3,
    executable: { path: "/app/run", deleted: true, truncated: false, unreachable: false },
    directory: { path: "/home", deleted: false, truncated: false, unreachable: false },
  });
});

test("arguments that were cut end where they were cut", () => {
  for (const [bytes, expected] of [
    [6, ["run", "a"]],
    [5, ["run", "a"]],
    [3, ["run"]],
    [2, ["ru"]],
    [0, []],
  ] as const) {
    const value = { ...execValue, arguments_bytes: bytes, arguments_whole: 0, argument_count: 300 };
    const exec = readExec(bytesOf("exec_record", value, "data", EXEC_DATA), 0);
    assert.deepEqual(
      [exec.arguments, exec.argumentsTruncated, exec.argumentCount],
      [[...expected], true, 300],
      `${bytes} bytes`,
    );
  }
});

test("a path that is relative to a descriptor is told as the kernel would name it", () => {
  for (const [directoryFd, given, path] of [
    [-100, "run", "run"],
    [3, "run", "/dev/fd/3/run"],
    [3, "", "/dev/fd/3"],
    [3, "/bin/run", "/bin/run"],
  ] as const) {
    const sizes = { path_bytes: given.length + 1, executable_bytes: 0, directory_bytes: 0, arguments_bytes: 0 };
    const value = { ...execValue, ...sizes, error: 13, directory_fd: directoryFd };
    const exec = readExec(bytesOf("exec_record", value, "data", `${given}\0`), 0);
    assert.deepEqual([exec.path, exec.error], [path, 13]);
  }
});

test("what an ended process took keeps all its digits", () => {
  const view = bytesOf(
    "exit_record",
    {
      process: processValue,
      lifetime_ns: 86_400_000_000_123n,
      peak_resident_pages: 77n,
      took: {
        cpu_ns: 5_000_000_001n,
        read_bytes: 1n,
        written_bytes: 2n,
        read_chars: 0x1_0000_0003n,
        written_chars: 4n,
      },
      exit_code: 0x8b,
      unused: 0,
    },
    "",
  );
  assert.deepEqual(readExit(view, 0), {
    lifetimeNs: 86_400_000_000_123,
    cpuTimeNs: 5_000_000_001,
    peakResidentPages: 77,
    readBytes: 1,
    writtenBytes: 2,
    readChars: 0x1_0000_0003,
    writtenChars: 4,
    exitCode: 0x8b,
  });
});

test("a cgroup's names become its path", () => {
  const value = { kind: 1, names_bytes: 19, id: 77n };
  const view = bytesOf("cgroup_record", value, "names", "app.service\0system\0");
  const cgroups = new CgroupNames();
  cgroups.takeRecord(view, 0);
  cgroups.takeRecord(bytesOf("cgroup_record", { ...value, id: 1n, names_bytes: 0 }, "names"), 0);
  assert.deepEqual([cgroups.get(77n)?.cgroupPath, cgroups.get(1n)?.cgroupPath], ["/system/app.service", "/"]);
});

test("text of any bytes is read without an error", () => {
  const view = bytesOf("exec_record", execValue, "data", EXEC_DATA);
  const bytes = new Uint8Array(view.buffer, view.byteOffset);
  for (let round = 0; round < 200; round++) {
    crypto.getRandomValues(bytes.subarray(88, 88 + 26));
    const exec = readExec(view, 0);
    assert.match(exec.executable.path, /^\//);
    assert.ok(exec.arguments.length <= 8);
  }
});

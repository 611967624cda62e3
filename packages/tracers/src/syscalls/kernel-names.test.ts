import assert from "node:assert/strict";
import { test } from "node:test";
import { COMPAT, errorName, SyscallNames } from "./kernel-names.ts";

test("calls have the numbers of the manuals, on either architecture and for 32-bit programs", () => {
  for (const [architecture, id, name] of [
    ["x64", 0, "read"],
    ["x64", 59, "execve"],
    ["x64", 435, "clone3"],
    ["x64", COMPAT | 11, "execve"],
    ["x64", COMPAT | 173, "rt_sigreturn"],
    ["arm64", 63, "read"],
    ["arm64", 221, "execve"],
    ["arm64", 435, "clone3"],
    ["arm64", COMPAT | 11, "execve"],
    ["arm64", COMPAT | 173, "rt_sigreturn"],
  ] as const) {
    const names = new SyscallNames(architecture);
    assert.equal(names.name(id), name);
    assert.ok(names.ids(name).includes(id), name);
  }
});

test("a number without a name shows as it is, and one that is not known as unknown", () => {
  const names = new SyscallNames("x64");
  assert.equal(names.name(900), "syscall_900");
  assert.equal(names.name(900 | COMPAT), "syscall_900");
  assert.equal(names.name(1023), "unknown");
  assert.deepEqual(names.ids("no_such_call"), []);
});

test("errors have their names, those that the kernel keeps to itself too", () => {
  for (const [errno, name] of [
    [1, "EPERM"],
    [2, "ENOENT"],
    [11, "EAGAIN"],
    [95, "EOPNOTSUPP"],
    [512, "ERESTARTSYS"],
    [516, "ERESTART_RESTARTBLOCK"],
    [600, "errno_600"],
  ] as const) {
    assert.equal(errorName(errno), name);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { callVariables } from "./call-traits.ts";
import { COMPAT, SyscallNames } from "./kernel-names.ts";

const WANTED = 1;

test("all calls are wanted, or those that were named, in both interfaces", () => {
  const names = new SyscallNames("x64");
  assert.ok(callVariables(names, undefined).call_traits.every((traits) => traits & WANTED));
  const { call_traits } = callVariables(names, ["openat", "mmap2"]);
  const wanted = Array.from(call_traits.keys()).filter((id) => (call_traits[id] ?? 0) & WANTED);
  assert.deepEqual(wanted, [257, COMPAT | 192, COMPAT | 295]);
});

test("what the kernel half does not find out by itself is told by name, on either architecture", () => {
  for (const [architecture, name, traits] of [
    ["x64", "read", 0],
    ["x64", "exit_group", 2],
    ["x64", "vfork", 4],
    ["x64", "execveat", 8 | 16],
    ["arm64", "exit", 2],
    ["arm64", "clone", 4],
    ["arm64", "execve", 8 | 16],
  ] as const) {
    const names = new SyscallNames(architecture);
    const { call_traits } = callVariables(names, []);
    const ids = names.ids(name);
    assert.ok(ids.length >= 2, name);
    for (const id of ids) assert.equal(call_traits[id], traits, `${name} ${id}`);
  }
  const { call_sigreturn, call_sigreturn_compat } = callVariables(new SyscallNames("x64"), []);
  assert.deepEqual([call_sigreturn, call_sigreturn_compat], [15, COMPAT | 173]);
});

test("a name that no call has is refused, with those that are like it", () => {
  const names = new SyscallNames("x64");
  for (const [name, hint] of [
    ["opnat", /^the nearest are openat/],
    ["epoll", /epoll_ctl/],
    ["fstatat", /fstatfs/],
    ["", /as strace prints them/],
    ["xyzzy", /as strace prints them/],
  ] as const) {
    assert.throws(() => callVariables(names, ["read", name]), {
      code: "invalid-argument",
      message: `there is no system call "${name}"`,
      hint,
    });
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { cgroupMounts, resolveCgroup } from "./cgroup.ts";

test("finds the mounts of cgroup2 in mountinfo, longest first, escapes undone", () => {
  const mountinfo = [
    "24 1 0:22 / /proc rw,nosuid - proc proc rw",
    "31 24 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755",
    "32 31 0:27 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu",
    "40 31 0:30 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw",
    "41 31 0:30 /../.. /host\\040cgroup/with/a/long/path rw - cgroup2 none rw",
  ].join("\n");
  assert.deepEqual(cgroupMounts(mountinfo), [
    { root: "/../..", mountPoint: "/host cgroup/with/a/long/path" },
    { root: "/", mountPoint: "/sys/fs/cgroup/unified" },
  ]);
});

test("a mountinfo that makes no sense has no mounts", () => {
  for (const text of ["", "\n\n", " - ", "cgroup2", "a b c - cgroup"]) assert.deepEqual(cgroupMounts(text), []);
});

test("what is not a cgroup is refused by name", () => {
  for (const [path, message] of [
    ["/no/such/place", 'there is no cgroup "/no/such/place"'],
    ["/tmp", '"/tmp" is not a cgroup of the v2 hierarchy'],
    ["/proc/self/stat", '"/proc/self/stat" is not a cgroup of the v2 hierarchy'],
  ] as const) {
    assert.throws(
      () => resolveCgroup(path),
      (error: Error) => {
        assert.ok(error.message === message || error.message === "cgroup2 is not mounted on this machine");
        return true;
      },
    );
  }
});

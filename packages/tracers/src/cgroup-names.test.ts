import assert from "node:assert/strict";
import { test } from "node:test";
import { CgroupNames } from "./cgroup-names.ts";

test("a cgroup's path gives its container", () => {
  const id = "0123456789abcdef".repeat(4);
  const names = new CgroupNames(10);
  names.set(1n, `/system.slice/docker-${id}.scope`);
  names.set(2n, "/user.slice");
  assert.deepEqual(names.get(1n), { cgroupPath: `/system.slice/docker-${id}.scope`, containerId: id });
  assert.deepEqual(names.get(2n), { cgroupPath: "/user.slice" });
  assert.equal(names.get(3n), undefined);
});

test("what was used least recently is forgotten first", () => {
  const names = new CgroupNames(2);
  names.set(1n, "/a");
  names.set(2n, "/b");
  names.get(1n);
  names.set(3n, "/c");
  assert.deepEqual(
    [1n, 2n, 3n].map((id) => names.get(id)?.cgroupPath),
    ["/a", undefined, "/c"],
  );
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sectionMeaning } from "./section-names.ts";

describe("the name of a section gives type, attach type, target and flags of its programs", () => {
  const sleepable = 1 << 4;
  const cases: [string, number, number, string | undefined, number][] = [
    ["kprobe/do_exit", 2, 0, "do_exit", 0],
    ["kprobe", 2, 0, undefined, 0],
    ["kretprobe.multi/vfs_*", 2, 42, "vfs_*", 0],
    ["uprobe.s//usr/lib/libc.so.6:malloc", 2, 0, "/usr/lib/libc.so.6:malloc", sleepable],
    ["uretprobe.multi.s/x", 2, 48, "x", sleepable],
    ["usdt/node:http", 2, 0, "node:http", 0],
    ["tp/sched/sched_switch", 5, 0, "sched/sched_switch", 0],
    ["tracepoint/syscalls/sys_enter_open", 5, 0, "syscalls/sys_enter_open", 0],
    ["raw_tp/sys_enter", 17, 0, "sys_enter", 0],
    ["raw_tracepoint.w/x", 24, 0, "x", 0],
    ["tp_btf/sched_switch", 26, 23, "sched_switch", 0],
    ["fentry/vfs_read", 26, 24, "vfs_read", 0],
    ["fexit.s/vfs_read", 26, 25, "vfs_read", sleepable],
    ["fmod_ret/x", 26, 26, "x", 0],
    ["iter/task", 26, 28, "task", 0],
    ["lsm/file_open", 29, 27, "file_open", 0],
    ["perf_event", 7, 0, undefined, 0],
    ["xdp", 6, 37, undefined, 0],
    ["xdp.frags/devmap", 6, 33, undefined, 1 << 5],
    ["tc", 3, 0, undefined, 0],
    ["tcx/ingress", 3, 46, undefined, 0],
    ["cgroup_skb/egress", 8, 1, undefined, 0],
    ["cgroup/connect4", 18, 10, undefined, 0],
    ["sockops", 13, 3, undefined, 0],
    ["sk_lookup", 30, 36, undefined, 0],
    ["syscall", 31, 0, undefined, sleepable],
  ];
  for (const [name, type, expectedAttachType, attachTo, flags] of cases) {
    test(name, () => assert.deepEqual(sectionMeaning(name), { type, expectedAttachType, attachTo, flags }));
  }

  for (const name of [
    "",
    "core",
    "kprobes/x",
    "tp_btfx",
    "constructor",
    "__proto__",
    "cgroup/connect5",
    "perf_event/x",
  ]) {
    test(`"${name}" means nothing`, () => assert.equal(sectionMeaning(name), undefined));
  }
});

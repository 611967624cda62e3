import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { MapType, ProgramType } from "../sys/uapi.ts";
import { features, probeFeature } from "./features.ts";
import { kernelKnows } from "./kernel-enums.ts";
import { isAtLeast, kernelVersion } from "./kernel-version.ts";
import { probeMapType, probeProgramType } from "./object-types.ts";

/** Options the kernel was built with, where it tells. */
function builtWith(option: string): boolean | undefined {
  if (!existsSync("/proc/config.gz")) return undefined;
  return new RegExp(`^${option}=[ym]`, "m").test(gunzipSync(readFileSync("/proc/config.gz")).toString("latin1"));
}

/** Features that a kernel of sufficient version may lack, and what proves that it does. */
const EXCUSES: Readonly<Record<string, () => boolean>> = {
  kprobe: () => builtWith("CONFIG_KPROBES") === false,
  // A security module of the test host forbids it with EPERM; nothing in /proc says so.
  fentry: () => builtWith("CONFIG_KPROBES") === false,
  // The guests' processor: see tryTaskStorage.
  "task-storage": () => !/\bcx16\b/.test(readFileSync("/proc/cpuinfo", "latin1")) && isAtLeast(kernelVersion(), "7.0"),
  // Virtual machines often have no hardware counters.
  "perf-cycles": () => !existsSync("/sys/bus/event_source/devices/cpu"),
};

for (const [name, { since }] of features) {
  test(`the probe of ${name} finds it on Linux >= ${since}, and not before`, () => {
    const support = probeFeature(name);
    if (support.supported) {
      assert.ok(isAtLeast(kernelVersion(), since), `found on a kernel older than ${since}`);
      return;
    }
    assert.notEqual(support.reason, "");
    if (!isAtLeast(kernelVersion(), since)) return;
    assert.ok(EXCUSES[name]?.() ?? false, `not found: ${support.reason}`);
    assert.notEqual(support.cause, "old-kernel");
  });
}

/** First kernels of what has come since the floor, from the manual page and the log of each merge. */
const MAP_TYPES = {
  HASH: "3.19",
  RINGBUF: "5.8",
  TASK_STORAGE: "5.11",
  BLOOM_FILTER: "5.16",
  USER_RINGBUF: "6.1",
  ARENA: "6.9",
};
const PROGRAM_TYPES = {
  SOCKET_FILTER: "3.19",
  RAW_TRACEPOINT: "4.17",
  TRACING: "5.5",
  SK_LOOKUP: "5.9",
  SYSCALL: "5.14",
};
const HELPERS = {
  BPF_FUNC_ringbuf_output: "5.8",
  BPF_FUNC_task_storage_get: "5.11",
  BPF_FUNC_loop: "5.17",
  BPF_FUNC_user_ringbuf_drain: "6.1",
};

for (const [name, since] of Object.entries(MAP_TYPES)) {
  test(`maps of type ${name} are there from ${since} on`, () => {
    const support = probeMapType(name as keyof typeof MapType);
    assert.equal(support.supported, isAtLeast(kernelVersion(), since), JSON.stringify(support));
  });
}

for (const [name, since] of Object.entries(PROGRAM_TYPES)) {
  test(`programs of type ${name} are there from ${since} on`, () => {
    const support = probeProgramType(name as keyof typeof ProgramType);
    assert.equal(support.supported, isAtLeast(kernelVersion(), since), JSON.stringify(support));
  });
}

for (const [name, since] of Object.entries(HELPERS)) {
  test(`helper ${name} is there from ${since} on`, () => {
    assert.equal(kernelKnows("bpf_func_id", name), isAtLeast(kernelVersion(), since));
  });
}

test("every type of map that this library reads is there on every kernel it runs on", () => {
  const read = [
    "HASH",
    "ARRAY",
    "PROG_ARRAY",
    "PERCPU_HASH",
    "PERCPU_ARRAY",
    "STACK_TRACE",
    "CGROUP_ARRAY",
    "LRU_HASH",
  ] as const;
  const others = [
    "LRU_PERCPU_HASH",
    "LPM_TRIE",
    "ARRAY_OF_MAPS",
    "HASH_OF_MAPS",
    "RINGBUF",
    "QUEUE",
    "PERF_EVENT_ARRAY",
  ] as const;
  for (const name of [...read, ...others]) assert.deepEqual(probeMapType(name), { supported: true }, name);
});

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { features, probeFeature } from "./features.ts";
import { isAtLeast, kernelVersion } from "./kernel-version.ts";

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

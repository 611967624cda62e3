import { type FeatureName, features, probeFeature } from "@skep/ebpf/features";
import type { Check } from "./report.ts";

/** What the tracers stand on. All else that a kernel may lack costs them nothing. */
const needed: ReadonlySet<FeatureName> = new Set(["btf", "ring-buffer", "tp-btf", "iterator", "perf-clock"]);

/** Every feature that the library knows of, tried on the running kernel. */
export function checkKernelFeatures(): Check[] {
  return Array.from(features, ([name, { description }]) => {
    const support = probeFeature(name);
    if (support.supported) return { name, status: "yes", detail: description };
    return { name, status: needed.has(name) ? "no" : "unused", detail: `${description}: ${support.reason}` };
  });
}

/** What the running kernel can do. */

export { type FeatureName, type FeatureSupport, features, probeFeature, type UnsupportedCause } from "./features.ts";
export { isAtLeast, type KernelVersion, kernelVersion } from "./kernel-version.ts";

/** What the running kernel can do. */

export type { FeatureSupport, UnsupportedCause } from "./feature-support.ts";
export { type FeatureName, features, probeFeature } from "./features.ts";
export { type KernelEnum, kernelKnows } from "./kernel-enums.ts";
export { isAtLeast, type KernelVersion, kernelVersion } from "./kernel-version.ts";
export { probeMapType, probeProgramType } from "./object-types.ts";

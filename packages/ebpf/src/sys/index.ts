export { type Capability, capabilitySet, effectiveCapabilities, missingCapabilities } from "./capabilities.ts";
export { onlineCpus, possibleCpuCount } from "./cpus.ts";
export { defaultSys } from "./default-sys.ts";
export { Errno, errnoName, failure } from "./failure.ts";
export { FileDescriptor } from "./file-descriptor.ts";
export { KoffiSys } from "./koffi-sys.ts";
export { perfEventsTakeAdmin } from "./perf-permission.ts";
export type { MemoryMapping, PollHandle, Sys } from "./sys.ts";
export { AttachType, MapFlag, MapType, PerfHardware, PerfSoftware, PerfType, ProgramType } from "./uapi.ts";

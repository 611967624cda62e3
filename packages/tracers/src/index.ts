export * from "./files/index.ts";
export { type CgroupTarget, resolveCgroup } from "./filters/cgroup.ts";
export { assertProcessesExist } from "./filters/processes.ts";
export type { TargetOptions } from "./filters/target-options.ts";
export type { Overhead } from "./overhead.ts";
export * from "./processes/index.ts";
export * from "./profiling/index.ts";
export * from "./syscalls/index.ts";
export type { TracedProcess } from "./traced-process.ts";

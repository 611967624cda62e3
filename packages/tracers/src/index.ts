export { type CgroupTarget, resolveCgroup } from "./filters/cgroup.ts";
export { assertProcessesExist } from "./filters/processes.ts";
export * from "./profiling/index.ts";

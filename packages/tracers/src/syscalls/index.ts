export { errorName, SyscallNames } from "./kernel-names.ts";
export type {
  ProcessSyscalls,
  SyscallIncompleteReason,
  SyscallLossReason,
  SyscallReport,
  SyscallStatistics,
} from "./syscall-report.ts";
export { SyscallTracer } from "./syscall-tracer.ts";
export type { SyscallTracerOptions } from "./syscall-tracer-options.ts";

export type {
  ProcessSyscalls,
  SyscallIncompleteReason,
  SyscallLossReason,
  SyscallReport,
  SyscallStatistics,
} from "./syscall-report.ts";
export type { SyscallTracerOptions } from "./syscall-tracer-options.ts";

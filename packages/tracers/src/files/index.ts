export type {
  FileIncompleteReason,
  FileLossReason,
  FileOperation,
  FileOperations,
  FileReport,
  FileStatistics,
  FileType,
  SlowOperation,
} from "./file-report.ts";
export { FileTracer } from "./file-tracer.ts";
export type { FileTracerLimits, FileTracerOptions } from "./file-tracer-options.ts";

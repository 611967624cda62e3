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
export type { FileTracerOptions } from "./file-tracer-options.ts";

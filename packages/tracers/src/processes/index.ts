export type {
  ProcessEvent,
  ProcessExec,
  ProcessExecFailure,
  ProcessExit,
  ProcessIncompleteReason,
  ProcessLossReason,
  ProcessReport,
  ProcessStart,
} from "./process-event.ts";
export { ProcessTracer, type ProcessTracerOptions } from "./process-tracer.ts";

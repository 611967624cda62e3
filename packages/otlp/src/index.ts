export * from "./environment/index.ts";
export { OtlpError, type OtlpErrorCode, type OtlpErrorDetails } from "./errors.ts";
export * from "./exporter/index.ts";
export * from "./logs/index.ts";
export * from "./metrics/index.ts";
export * from "./pprof/index.ts";
export * from "./profiles/index.ts";
export * from "./traces/index.ts";

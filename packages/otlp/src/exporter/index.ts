export type { Compression, Encoding } from "../encoding/encode.ts";
export { OtlpError, type OtlpErrorCode, type OtlpErrorDetails } from "../errors.ts";
export type { AnySignal, Signal, SignalName } from "../model/signal.ts";
export type { Clock } from "./clock.ts";
export { DROP_REASONS, type DropReason, type ExportCounts } from "./counts.ts";
export { OtlpExporter } from "./exporter.ts";
export {
  type ExporterSettings,
  type Protocol,
  type QueueSettings,
  type RetrySettings,
  type SpoolSettings,
  signalEndpoint,
  type TlsSettings,
} from "./settings.ts";

import type { TracedProcess } from "@skep/tracers";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";

/** Whom the metrics of a round are about. */
export interface MetricResources {
  readonly host: TelemetryResource;
  readonly agent: TelemetryResource;
  /** The program, container or process that a process counts for. */
  of(process: TracedProcess): TelemetryResource;
}

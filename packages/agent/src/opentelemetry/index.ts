/**
 * Skep inside a program that already runs the OpenTelemetry SDK for JavaScript: what the tracers see goes the way of the
 * program's own metrics and logs. Of the SDK only types are used; its packages are optional peer dependencies.
 */

export type { Problem } from "../pipeline/problem.ts";
export type { TracerName, TracerState } from "../pipeline/round.ts";
export type { TracerSettings } from "../pipeline/tracer-settings.ts";
export { type BridgeSettings, OpenTelemetryBridge } from "./open-telemetry-bridge.ts";

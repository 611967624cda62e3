import type { Logger } from "@opentelemetry/api";
import type { CollectionResult, MetricProducer, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { skepVersion } from "../cli/version.ts";
import { Telemetry, type TelemetrySettings } from "../export/telemetry.ts";
import { Pipeline, type PipelineSettings } from "../pipeline/pipeline.ts";
import type { TracerState } from "../pipeline/round.ts";
import { apiLogRecords } from "./api-log-records.ts";
import { sdkMetrics } from "./sdk-metrics.ts";

export interface BridgeSettings
  extends Pick<PipelineSettings, "tracers" | "intervalMs" | "onProblem" | "starters">,
    Pick<TelemetrySettings, "metricGrouping" | "seriesLimit" | "commandLines" | "containers" | "retentionMs"> {}

/** As long as two intervals of a `PeriodicExportingMetricReader`: the last numbers of a program that ended are collected. */
const DEFAULT_RETENTION_MS = 120_000;

/** A reader takes the resource of its own `MeterProvider`, and none from a producer. */
const NO_RESOURCE: ResourceMetrics["resource"] = {
  attributes: {},
  merge: (other) => other ?? NO_RESOURCE,
  getRawAttributes: () => [],
};

/**
 * Runs tracers, and gives what they see to the OpenTelemetry SDK of this program: metrics to its readers, being a
 * `MetricProducer`, and what happens to processes and files to its loggers.
 *
 * The SDK has one resource for all that a program tells, which is the program itself. Of whom Skep tells something
 * (`service.name`, `process.executable.name`, `container.id` ...) therefore stands in the attributes of each point and
 * record, as it does in labels for Prometheus.
 */
export class OpenTelemetryBridge implements MetricProducer, AsyncDisposable {
  readonly #pipeline: Pipeline;
  readonly #telemetry: Telemetry;
  readonly #loggers: Set<Logger>;

  private constructor(pipeline: Pipeline, telemetry: Telemetry, loggers: Set<Logger>) {
    this.#pipeline = pipeline;
    this.#telemetry = telemetry;
    this.#loggers = loggers;
  }

  /**
   * Starts the tracers that have settings. One that cannot start here is off, and {@link tracers} says why; the others
   * run without it. Needs what the tracers need: Linux 5.8 with BTF, CAP_BPF and CAP_PERFMON.
   */
  static async start(settings: BridgeSettings): Promise<OpenTelemetryBridge> {
    const { tracers: _, intervalMs: __, starters: ___, ...ofTelemetry } = settings;
    const loggers = new Set<Logger>();
    const telemetry = await Telemetry.open({
      version: skepVersion(),
      retentionMs: DEFAULT_RETENTION_MS,
      ...ofTelemetry,
      onLogs: (resources) => {
        if (loggers.size === 0) return;
        for (const record of apiLogRecords(resources)) for (const logger of loggers) logger.emit(record);
      },
    });
    const pipeline = await Pipeline.start({ ...settings, onProcessEvent: (event) => telemetry.observe(event) });
    pipeline.addReader(telemetry);
    return new OpenTelemetryBridge(pipeline, telemetry, loggers);
  }

  /** All tracers that Skep has, those that are off too. */
  get tracers(): readonly TracerState[] {
    return this.#pipeline.tracers;
  }

  /** All metrics up to now, cumulative. Called by the `MetricReader` whose `metricProducers` this is one of. */
  async collect(): Promise<CollectionResult> {
    await this.#pipeline.takeRound();
    const metrics = sdkMetrics(this.#telemetry.registry);
    return {
      resourceMetrics: { resource: NO_RESOURCE, scopeMetrics: [{ scope: this.#telemetry.scope, metrics }] },
      errors: [],
    };
  }

  /** Gives this logger an event for each exec and exit, and for each slow operation on a file, until it is disposed of. */
  addLogger(logger: Logger): Disposable {
    this.#loggers.add(logger);
    return { [Symbol.dispose]: () => this.#loggers.delete(logger) };
  }

  /** Detaches all tracers; the loggers get what happened until now. For its metrics, shut the reader down before. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pipeline[Symbol.asyncDispose]();
    await this.#telemetry[Symbol.asyncDispose]();
  }
}

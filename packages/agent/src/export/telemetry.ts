import type { Scope } from "@skep/otlp/metrics";
import { groupByResource, type ResourceProfiles } from "@skep/otlp/profiles";
import type { ResourceSpans } from "@skep/otlp/traces";
import type { ProcessEvent } from "@skep/tracers/processes";
import { MetricRegistry } from "../metrics/metric-registry.ts";
import type { MetricResources } from "../metrics/metric-resources.ts";
import type { OlderConventions } from "../metrics/older-request-metrics.ts";
import { resourceMetricsOf } from "../metrics/otlp-metrics.ts";
import { prometheusText } from "../metrics/prometheus-text.ts";
import { RoundMetrics } from "../metrics/round-metrics.ts";
import type { Problem } from "../pipeline/problem.ts";
import type { ExporterState, Round, RoundReader } from "../pipeline/round.ts";
import type { ResourceGrouping } from "../resources/process-attributes.ts";
import { ResourceCatalog, type ResourceCatalogSettings } from "../resources/resource-catalog.ts";
import type { ProcessLogOptions } from "./process-logs.ts";
import { RequestSpans } from "./request-spans.ts";
import { type RoundLogs, roundLogs } from "./round-logs.ts";
import { type SenderSettingsBySignal, Senders } from "./senders.ts";

export interface TelemetrySettings extends ResourceCatalogSettings, ProcessLogOptions {
  /** Where each signal goes; one that is not named is not sent. */
  readonly senders?: SenderSettingsBySignal;
  /** Gets the logs of each round, for whoever sends them in another way. */
  readonly onLogs?: (logs: readonly RoundLogs[]) => void;
  /** Which processes are one resource in metrics and logs. Default `program`: a series for each process would soon be too many. */
  readonly metricGrouping?: ResourceGrouping;
  /** The same in profiles. Default `process`. */
  readonly profileGrouping?: ResourceGrouping;
  /** Series of each metric at most. Default 2,000. */
  readonly seriesLimit?: number;
  /** Which requests are told by their older names, too. Default: none. */
  readonly olderConventions?: OlderConventions | undefined;
  readonly onProblem?: (problem: Problem) => void;
}

/**
 * What the agent tells the world: metrics that add up, to be scraped or sent, and the profiles and logs of each round.
 *
 * Its parts have an order in which they take a round, and this is the one place that knows it: what is sent has the
 * round in it, and a program that ended is let go of after that.
 */
export class Telemetry implements RoundReader, AsyncDisposable {
  readonly name = "the telemetry";
  /** All metrics, with the last round in them. */
  readonly registry: MetricRegistry;
  /** Of all that is told. */
  readonly scope: Scope;
  readonly #settings: TelemetrySettings;
  readonly #catalog: ResourceCatalog;
  /** Of metrics and logs. */
  readonly #resources: MetricResources;
  readonly #roundMetrics: RoundMetrics;
  readonly #spans: RequestSpans;
  #senders: Senders;

  private constructor(settings: TelemetrySettings, senders: Senders) {
    this.#settings = settings;
    this.#senders = senders;
    this.scope = { name: "skep", version: settings.version };
    const catalog = new ResourceCatalog(settings);
    this.#catalog = catalog;
    this.registry = new MetricRegistry(catalog.agent, settings.seriesLimit);
    const { metricGrouping = "program" } = settings;
    this.#resources = {
      host: catalog.host,
      agent: catalog.agent,
      of: (process) => catalog.of(process, metricGrouping),
    };
    this.#roundMetrics = new RoundMetrics(this.registry, this.#resources, settings.olderConventions);
    this.#spans = new RequestSpans({ older: settings.olderConventions });
  }

  /** @throws OtlpError for senders whose settings mean nothing, or whose spool cannot be used */
  static async open(settings: TelemetrySettings): Promise<Telemetry> {
    return new Telemetry(settings, await Senders.open(settings.senders ?? {}, settings.onProblem));
  }

  read(round: Round): void {
    this.#roundMetrics.read(round);
    this.#senders.profiles?.send(this.#profilesOf(round));
    this.#senders.logs?.send(this.#logsOf(round));
    this.#senders.traces?.send(this.#spansOf(round));
    this.#settings.onLogs?.(this.#logsOf(round));
    this.#senders.metrics?.send(resourceMetricsOf(this.registry, this.scope));
    for (const resource of this.#catalog.endRound()) this.registry.forget(resource);
  }

  /** Whether anybody gets spans, so that single requests are of use. */
  get spansAreSent(): boolean {
    return this.#senders.traces !== undefined;
  }

  /** To be told of what happens to processes as soon as it does: `PipelineSettings.onProcessEvent`. */
  observe(event: ProcessEvent): void {
    this.#catalog.observe(event);
  }

  /** What became of what was to be sent: `PipelineSettings.exporters`. */
  get exporterStates(): readonly ExporterState[] {
    return this.#senders.states;
  }

  /** The answer to a scrape, piece by piece; of the type {@link PROMETHEUS_CONTENT_TYPE}. */
  prometheusText(): Generator<string, void, undefined> {
    return prometheusText(this.registry);
  }

  /**
   * Sends to other receivers from now on. What waits for those of before is sent to them first, within their time; a
   * round that comes meanwhile counts as lost for them.
   *
   * @throws OtlpError as {@link open} does; nothing is sent any more then
   */
  async replaceSenders(settings: SenderSettingsBySignal): Promise<void> {
    const before = this.#senders;
    // Not both at once: they may share a spool.
    await before[Symbol.asyncDispose]();
    this.#senders = await Senders.open(settings, this.#settings.onProblem, before.states);
  }

  /** Sends what is left, within the senders' time. Comes after the pipeline's end, which is a round more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#senders[Symbol.asyncDispose]();
  }

  #logsOf(round: Round): RoundLogs[] {
    return roundLogs(round, this.#resources.of, this.scope, this.#settings);
  }

  #spansOf(round: Round): ResourceSpans[] {
    const { profileGrouping = "process" } = this.#settings;
    return this.#spans.ofRound(round, (process) => this.#catalog.of(process, profileGrouping), this.scope);
  }

  #profilesOf({ cpu, offCpu }: Round): ResourceProfiles[] {
    const { profileGrouping = "process" } = this.#settings;
    return groupByResource(
      [cpu, offCpu].filter((profile) => profile !== undefined),
      { scope: this.scope, resourceOf: (process) => this.#catalog.of(process, profileGrouping) },
    );
  }
}

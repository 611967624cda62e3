import type { Latency } from "@skep/tracers/networking";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";
import type { Distribution } from "./distribution.ts";
import { type Log2Bucket, Log2Histogram } from "./log2-histogram.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import { SecondsHistogram } from "./seconds-histogram.ts";
import { type SeriesAttributes, SeriesTable } from "./series-table.ts";

/** By default as many as OpenTelemetry's SDKs keep for a metric. */
export const DEFAULT_SERIES_LIMIT = 2000;

/** A metric of numbers: a counter, an amount or a gauge. */
export interface NumberMetric<Attribute extends string = string> {
  /** @param startUnixNs of a series that is new; default: the beginning of the round */
  add(
    resource: TelemetryResource,
    amount: number,
    attributes?: SeriesAttributes<Attribute>,
    startUnixNs?: bigint,
  ): void;
  /** Takes over what is added up elsewhere, since `startUnixNs`. */
  set(resource: TelemetryResource, value: number, attributes?: SeriesAttributes<Attribute>, startUnixNs?: bigint): void;
}

/** A metric of distributions. */
export interface HistogramMetric<Attribute extends string = string> {
  /** @param sum of all values in the buckets */
  add(
    resource: TelemetryResource,
    buckets: readonly Log2Bucket[],
    sum: number,
    attributes?: SeriesAttributes<Attribute>,
  ): void;
}

/** A metric of durations, in seconds or milliseconds. */
export interface DurationMetric<Attribute extends string = string> {
  add(resource: TelemetryResource, latency: Latency, attributes?: SeriesAttributes<Attribute>): void;
}

/** All metrics of the agent, added up since it started, with a bounded number of series each. */
export class MetricRegistry {
  readonly #numbers = new Map<
    MetricDefinition,
    { readonly table: SeriesTable<number>; readonly metric: NumberMetric }
  >();
  readonly #histograms = new Map<
    MetricDefinition,
    { readonly table: SeriesTable<Log2Histogram>; readonly metric: HistogramMetric }
  >();
  readonly #durations = new Map<
    MetricDefinition,
    { readonly table: SeriesTable<SecondsHistogram>; readonly metric: DurationMetric }
  >();
  readonly #overflowResource: TelemetryResource;
  readonly #seriesLimit: number;
  #startUnixNs = 0n;
  #timeUnixNs = 0n;

  /**
   * @param overflowResource whose series those are that hold what finds no room
   * @param seriesLimit of each metric, the series for the overflow included
   */
  constructor(overflowResource: TelemetryResource, seriesLimit: number = DEFAULT_SERIES_LIMIT) {
    this.#overflowResource = overflowResource;
    this.#seriesLimit = seriesLimit;
  }

  /** The end of the time that all values cover. */
  get timeUnixNs(): bigint {
    return this.#timeUnixNs;
  }

  get numberTables(): Iterable<SeriesTable<number>> {
    return this.#numbers.values().map(({ table }) => table);
  }

  get histogramTables(): Iterable<SeriesTable<Distribution>> {
    return [...this.#histograms.values(), ...this.#durations.values()].map(({ table }) => table);
  }

  get tables(): readonly SeriesTable<unknown>[] {
    return [...this.numberTables, ...this.histogramTables];
  }

  /** What is recorded from now on happened in this time; a series that is new begins with it. */
  beginRound(startUnixNs: bigint, endUnixNs: bigint): void {
    this.#startUnixNs = startUnixNs;
    this.#timeUnixNs = endUnixNs;
  }

  number<Attribute extends string>(definition: MetricDefinition<Attribute>): NumberMetric<Attribute> {
    let entry = this.#numbers.get(definition);
    if (entry === undefined) {
      const table = new SeriesTable(definition, this.#seriesLimit, this.#overflowResource, () => 0);
      entry = { table, metric: this.#numberMetric(table) };
      this.#numbers.set(definition, entry);
    }
    return entry.metric;
  }

  histogram<Attribute extends string>(definition: MetricDefinition<Attribute>): HistogramMetric<Attribute> {
    let entry = this.#histograms.get(definition);
    if (entry === undefined) {
      const table = new SeriesTable(definition, this.#seriesLimit, this.#overflowResource, () => new Log2Histogram());
      entry = { table, metric: this.#histogramMetric(table) };
      this.#histograms.set(definition, entry);
    }
    return entry.metric;
  }

  /** Of a histogram whose unit is seconds or milliseconds. */
  duration<Attribute extends string>(definition: MetricDefinition<Attribute>): DurationMetric<Attribute> {
    let entry = this.#durations.get(definition);
    if (entry === undefined) {
      const create = () => new SecondsHistogram(definition.unit === "ms" ? "ms" : "s");
      const table = new SeriesTable(definition, this.#seriesLimit, this.#overflowResource, create);
      const add: DurationMetric["add"] = (resource, latency, attributes = {}) =>
        table.series(resource, attributes, this.#startUnixNs).value.add(latency);
      entry = { table, metric: { add } };
      this.#durations.set(definition, entry);
    }
    return entry.metric;
  }

  /** Ends all series of a resource that is gone. */
  forget(resource: TelemetryResource): void {
    for (const table of this.tables) table.forget(resource);
  }

  #numberMetric(table: SeriesTable<number>): NumberMetric {
    const isCounter = table.definition.kind === "counter";
    return {
      add: (resource, amount, attributes = {}, startUnixNs = this.#startUnixNs) => {
        // What never happened needs no series.
        if (amount !== 0) table.series(resource, attributes, startUnixNs).value += amount;
      },
      set: (resource, value, attributes = {}, startUnixNs = this.#startUnixNs) => {
        const series = table.series(resource, attributes, startUnixNs);
        series.value = isCounter ? Math.max(series.value, value) : value;
      },
    };
  }

  #histogramMetric(table: SeriesTable<Log2Histogram>): HistogramMetric {
    return {
      add: (resource, buckets, sum, attributes = {}) =>
        table.series(resource, attributes, this.#startUnixNs).value.add(buckets, sum),
    };
  }
}

import type { Attributes } from "../model/attributes.ts";
import type { Resource, Scope } from "../model/resource.ts";

/** The metrics of one resource. */
export interface ResourceMetrics {
  readonly resource: Resource;
  readonly scopes: readonly ScopeMetrics[];
}

export interface ScopeMetrics {
  readonly scope: Scope;
  readonly metrics: readonly Metric[];
}

export type Metric = Gauge | Sum | Histogram | ExponentialHistogram;

interface MetricHead {
  readonly name: string;
  readonly description?: string;
  /** UCUM: `s`, `By`, `{request}`, `1`. */
  readonly unit?: string;
}

/** The last value of something that does not add up. */
export interface Gauge extends MetricHead {
  readonly kind: "gauge";
  readonly valueType: NumberType;
  readonly points: readonly NumberPoint[];
}

/** A count or an amount. */
export interface Sum extends MetricHead {
  readonly kind: "sum";
  readonly valueType: NumberType;
  /** True where it never falls, as a counter; false where it may. */
  readonly monotonic: boolean;
  readonly temporality: Temporality;
  readonly points: readonly NumberPoint[];
}

/** A distribution in buckets with given bounds. */
export interface Histogram extends MetricHead {
  readonly kind: "histogram";
  readonly temporality: Temporality;
  readonly points: readonly HistogramPoint[];
}

/** A distribution in buckets whose bounds grow by a constant factor. */
export interface ExponentialHistogram extends MetricHead {
  readonly kind: "exponentialHistogram";
  readonly temporality: Temporality;
  readonly points: readonly ExponentialHistogramPoint[];
}

/** How the points of a metric are sent: the metric's, not the value's, so that no point changes the type. */
export type NumberType = "int" | "double";

/** Since the last point, or since `startTimeUnixNs`. */
export type Temporality = "delta" | "cumulative";

/** What every point has. Times are nanoseconds since the Unix epoch. */
interface Point {
  readonly attributes?: Attributes;
  /** When the values began to add up; means nothing for a gauge. */
  readonly startTimeUnixNs?: bigint;
  readonly timeUnixNs: bigint;
  readonly exemplars?: readonly Exemplar[];
  /** Bit 0: there is no value, the series ends here (metrics.proto, `DataPointFlags`). */
  readonly flags?: number;
}

export interface NumberPoint extends Point {
  /** Whole where the metric's type is `int`. */
  readonly value: number | bigint;
}

export interface HistogramPoint extends Point {
  readonly count: number | bigint;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  /** Upper bounds, each inclusive, ascending; the last bucket has none. */
  readonly explicitBounds: ArrayLike<number>;
  /** One more than there are bounds. */
  readonly bucketCounts: ArrayLike<number | bigint>;
}

export interface ExponentialHistogramPoint extends Point {
  readonly count: number | bigint;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  /** The factor between two bounds is 2^(2^-scale). */
  readonly scale: number;
  /** Values within ±`zeroThreshold`. */
  readonly zeroCount: number | bigint;
  readonly zeroThreshold?: number;
  readonly positive?: ExponentialBuckets;
  /** Buckets of the values below zero, by their magnitudes. */
  readonly negative?: ExponentialBuckets;
}

export interface ExponentialBuckets {
  /** Index of the first bucket; bucket i holds values in (base^i, base^(i+1)]. */
  readonly offset: number;
  readonly bucketCounts: ArrayLike<number | bigint>;
}

/** A single measurement kept as an example of a point, with the span that it was made in. */
export interface Exemplar {
  readonly timeUnixNs: bigint;
  readonly value: number;
  readonly traceId?: string;
  readonly spanId?: string;
  /** What the measurement had beyond the attributes of its point. */
  readonly filteredAttributes?: Attributes;
}

import type { Distribution } from "./distribution.ts";
import type { MetricDefinition, MetricUnit } from "./metric-definition.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import type { AttributeValue, Series, SeriesTable } from "./series-table.ts";

/** What the answer to a scrape is. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Upper bounds of the buckets, as powers of two: 1 us, 8 us ... 17 s where the unit is nanoseconds. The same for all
 * series, since a sum over series with different buckets means nothing; each of them is a bound of the exact histogram.
 * No more of them, since each costs a line in each of up to 2,000 series.
 */
const BUCKET_EXPONENTS: readonly number[] = Array.from({ length: 9 }, (_, index) => 10 + 3 * index);
/** Where it is seconds, or milliseconds: 0.13 ms, 0.52 ms ... 8.6 s, which are powers of two in nanoseconds too, and so exact. */
const SECONDS_BUCKET_EXPONENTS: readonly number[] = Array.from({ length: 9 }, (_, index) => 17 + 2 * index);

/**
 * All metrics in Prometheus' text format, piece by piece: whoever sends it can wait for the receiver, and never holds
 * all of it.
 *
 * Names and labels are those that OpenTelemetry's specification of compatibility makes of the metric's and the
 * attributes' names, so that a metric is called the same by whichever way it comes.
 */
export function* prometheusText(registry: MetricRegistry): Generator<string, void, undefined> {
  for (const table of registry.numberTables) yield* numberFamily(table);
  for (const table of registry.histogramTables) yield* histogramFamily(table);
}

function* numberFamily(table: SeriesTable<number>): Generator<string> {
  if (table.size === 0) return;
  const name = prometheusName(table.definition);
  yield head(name, table.definition, table.definition.kind === "counter" ? "counter" : "gauge");
  for (const series of table.all()) yield `${name}${braced(labelsOf(series))} ${series.value}\n`;
}

function* histogramFamily(table: SeriesTable<Distribution>): Generator<string> {
  if (table.size === 0) return;
  const name = prometheusName(table.definition);
  yield head(name, table.definition, "histogram");
  for (const series of table.all()) yield histogramLines(name, series, table.definition);
}

function histogramLines(name: string, series: Series<Distribution>, { unit }: MetricDefinition): string {
  const labels = labelsOf(series);
  const { count, sum } = series.value;
  const bucketStart = `${name}_bucket{${labels}${labels === "" ? "" : ","}le="`;
  let lines = "";
  const nsPerUnit = unit === "s" ? 1e9 : unit === "ms" ? 1e6 : 1;
  for (const exponent of nsPerUnit === 1 ? BUCKET_EXPONENTS : SECONDS_BUCKET_EXPONENTS) {
    const bound = 2 ** exponent / nsPerUnit;
    lines += `${bucketStart}${bound}"} ${series.value.countBelow(exponent)}\n`;
  }
  lines += `${bucketStart}+Inf"} ${count}\n`;
  return `${lines}${name}_sum${braced(labels)} ${sum}\n${name}_count${braced(labels)} ${count}\n`;
}

function head(name: string, { description }: MetricDefinition, type: string): string {
  return `# HELP ${name} ${description.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${type}\n`;
}

const UNIT_SUFFIXES: Partial<Record<MetricUnit, string>> = {
  s: "_seconds",
  ms: "_milliseconds",
  ns: "_nanoseconds",
  By: "_bytes",
};

/** `linux.syscall.count` in `{call}` is `linux_syscall_count_total`. */
export function prometheusName({ name, unit, kind }: MetricDefinition): string {
  const suffix = unit === "1" && kind === "gauge" ? "_ratio" : (UNIT_SUFFIXES[unit] ?? "");
  return `${legalName(name)}${suffix}${kind === "counter" ? "_total" : ""}`;
}

/** Of a metric or a label: letters, digits and underscores, a digit not first. */
function legalName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, "_").replace(/^(?=\d)/, "_");
}

/** `name="value",name="value"` */
function labelsOf({ resource, attributes }: Series<unknown>): string {
  const labels = new Map<string, string>();
  for (const [name, value] of [...Object.entries(resource.ownAttributes), ...Object.entries(attributes)]) {
    if (value !== undefined) addLabel(labels, legalName(name), value);
  }
  return Array.from(labels, ([name, value]) => `${name}="${escaped(value)}"`).join(",");
}

/** Names that differ as attributes may be one as labels: then the values are joined, as the specification says. */
function addLabel(labels: Map<string, string>, name: string, value: AttributeValue): void {
  const other = labels.get(name);
  labels.set(name, other === undefined ? String(value) : `${other};${value}`);
}

function braced(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

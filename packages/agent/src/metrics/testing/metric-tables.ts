import type { MetricDefinition } from "../metric-definition.ts";
import { prometheusName } from "../prometheus-text.ts";

const HEAD = ["Metric", "In Prometheus", "Kind", "Unit", "Attributes", "Name by"];
const CONVENTIONS = {
  semconv: "semantic conventions",
  collector: "Collector (hostmetrics)",
  skep: "Skep",
  older: "semantic conventions",
} as const;

type TableName = MetricDefinition["of"] | "older";

/** The table in Markdown of the metrics of one kind of resource, or of older names, with what each means below its name. */
export function metricTable(metrics: readonly MetricDefinition[], table: TableName): string {
  const rows = metrics
    .filter(({ of, convention }) => (convention === "older" ? "older" : of) === table)
    .map((metric) => [
      `\`${metric.name}\`<br>${metric.description}`,
      `\`${prometheusName(metric)}\``,
      metric.kind,
      `\`${metric.unit}\``,
      metric.attributes.map((name) => `\`${name}\``).join("<br>"),
      CONVENTIONS[metric.convention],
    ]);
  return formatTable([HEAD, ...rows]);
}

/** As the formatter has tables: each column as wide as its widest cell. */
function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  const [head = [], ...body] = rows;
  return [head, widths.map((width) => "-".repeat(width)), ...body].map(line).join("");
}

/** The document with the tables in it, each between its two marks: `<!-- metrics: host -->` and `<!-- end -->`. */
export function withMetricTables(document: string, metrics: readonly MetricDefinition[]): string {
  return document.replace(
    /(<!-- metrics: (program|host|agent|older) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, start: string, table: TableName, end: string) => `${start}\n${metricTable(metrics, table)}\n${end}`,
  );
}

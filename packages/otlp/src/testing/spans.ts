import assert from "node:assert/strict";
import type { ExportCounts } from "../exporter/counts.ts";
import type { ResourceSpans } from "../traces/index.ts";

/** A request with one span for each name. */
export function spansNamed(...names: readonly string[]): ResourceSpans[] {
  const spans = names.map((name) => ({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name,
    kind: "server" as const,
    startTimeUnixNs: 1n,
    endTimeUnixNs: 2n,
  }));
  return [{ resource: { attributes: {} }, scopes: [{ scope: { name: "test" }, spans }] }];
}

/** What went in came out or waits: the law that the counts of an exporter obey at any time. */
export function assertBalanced(counts: ExportCounts): void {
  const dropped = Object.values(counts.dropped).reduce((sum, count) => sum + count, 0);
  assert.equal(
    counts.enqueued + counts.recovered,
    counts.delivered + counts.rejected + dropped + counts.waiting,
    JSON.stringify(counts),
  );
}

import type { SeriesName, SeriesPoint } from "skep/answers";

/** One value for each point: of counts per second, of shares from 0 to 1, null where nothing was measured. */
export type Curve = readonly (number | null)[];

/** Counts of each point per second. */
export function rateOf(points: readonly SeriesPoint[], name: SeriesName): Curve {
  return points.map(({ startMs, endMs, values }) => {
    const value = values[name];
    return value === undefined || endMs <= startMs ? null : (value * 1000) / (endMs - startMs);
  });
}

export function levelOf(points: readonly SeriesPoint[], name: SeriesName): Curve {
  return points.map(({ values }) => values[name] ?? null);
}

/** The CPU time of Skep, that of its BPF programs included where it is measured, as share of all CPUs. */
export function ownCpuShare(points: readonly SeriesPoint[], cpuCount: number): Curve {
  return points.map(({ startMs, endMs, values: { agentCpuNs, bpfRunTimeNs = 0 } }) =>
    agentCpuNs === undefined || cpuCount === 0 || endMs <= startMs
      ? null
      : (agentCpuNs + bpfRunTimeNs) / ((endMs - startMs) * 1e6 * cpuCount),
  );
}

/** What Skep holds: resident memory and BPF maps. */
export function ownMemory(points: readonly SeriesPoint[]): Curve {
  return points.map(({ values: { residentBytes, mapBytes = 0 } }) =>
    residentBytes === undefined ? null : residentBytes + mapBytes,
  );
}

export function last(curve: Curve): number | undefined {
  return curve.at(-1) ?? undefined;
}

/** The points with what is new in `point`, without those that are older than the history reaches back. */
export function appended(points: readonly SeriesPoint[], point: SeriesPoint, retentionMs: number): SeriesPoint[] {
  const isNew = point.endMs > (points.at(-1)?.endMs ?? 0);
  const oldestMs = point.endMs - retentionMs;
  return [...points, ...(isNew ? [point] : [])].filter(({ endMs }) => endMs > oldestMs);
}

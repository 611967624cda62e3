import type { FlameGraphData } from "skep/flame-graph-data";

type Unit = FlameGraphData["unit"];

export function percent(part: number, whole: number): string {
  if (whole === 0) return "0%";
  const share = (100 * part) / whole;
  if (share === 0 || share === 100) return `${share}%`;
  return share < 0.01 ? "< 0.01%" : `${share.toFixed(share < 1 ? 2 : 1)}%`;
}

export function amount(value: number, unit: Unit): string {
  switch (unit) {
    case "samples":
      return counted(value, "sample");
    case "nanoseconds":
      return duration(value);
    default:
      return unit satisfies never;
  }
}

export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

export function duration(durationNs: number): string {
  if (durationNs >= 1e9) return `${(durationNs / 1e9).toFixed(durationNs >= 1e10 ? 1 : 2)} s`;
  if (durationNs >= 1e6) return `${(durationNs / 1e6).toFixed(durationNs >= 1e7 ? 0 : 1)} ms`;
  return `${(durationNs / 1e3).toFixed(durationNs >= 1e4 ? 0 : 1)} µs`;
}

export function title({ mode, subject }: FlameGraphData): string {
  return `${mode === "on-cpu" ? "CPU time" : "Off-CPU time"} of ${subject}`;
}

/** Where and when, in the reader's own time zone. */
export function circumstances({ hostName, startedAtMs }: FlameGraphData): string {
  const startedAt = new Date(startedAtMs).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "long" });
  return `${hostName} · ${startedAt}`;
}

export function measurement(data: FlameGraphData): string {
  const { mode, frequencyHz, cpuCount, durationNs, sampleCount } = data;
  return mode === "on-cpu"
    ? `${counted(sampleCount, "sample")} · ${frequencyHz} Hz on ${counted(cpuCount, "CPU")} for ${duration(durationNs)}`
    : `${counted(sampleCount, "wait")} in ${duration(durationNs)}`;
}

export function loss({ lost }: FlameGraphData): { readonly count: number; readonly text: string } {
  const reasons = Object.entries(lost).filter(([, count]) => count > 0);
  const count = reasons.reduce((sum, [, lostHere]) => sum + lostHere, 0);
  const details = reasons.map(([reason, lostHere]) => `${reason} ${lostHere.toLocaleString("en-US")}`).join(", ");
  return { count, text: `${count.toLocaleString("en-US")} lost${count === 0 ? "" : ` (${details})`}` };
}

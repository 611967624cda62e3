import type { HistoryExtent, RangeAnswer, TimeRange, TracerState } from "skep/answers";
import { clock, count, duration, plural } from "./format.ts";

/** Something that one has to know to read a view right. */
export interface Notice {
  readonly kind: "warning" | "remark";
  readonly text: string;
}

/** What of the answer is less than what was asked for: a tracer off, events lost, memory too small. */
export function noticesOf(answer: RangeAnswer, asked: TimeRange, history: HistoryExtent | undefined): Notice[] {
  return [...tracerNotices(answer.tracer), ...reasonNotices(answer), ...coverageNotices(answer, asked, history)];
}

function tracerNotices(tracer: TracerState | undefined): Notice[] {
  if (tracer === undefined || tracer.state === "on") return [];
  const since = `since ${clock(tracer.sinceUnixMs)}`;
  const hint = tracer.hint === undefined ? "" : `; ${tracer.hint}`;
  const factor = tracer.samplingFactor > 1 ? `, 1 in ${count(tracer.samplingFactor)} is seen` : "";
  const reason = tracer.reason === undefined ? "" : `: ${tracer.reason}`;
  return [{ kind: "warning", text: `The ${tracer.name} tracer is ${tracer.state} ${since}${factor}${reason}${hint}.` }];
}

function reasonNotices({ lost, incomplete }: RangeAnswer): Notice[] {
  const lostCount = sumOf(lost);
  const incompleteCount = sumOf(incomplete);
  return [
    ...(lostCount > 0
      ? [{ kind: "warning" as const, text: `${count(lostCount)} lost in this time (${reasonsText(lost)}).` }]
      : []),
    ...(incompleteCount > 0 ? [{ kind: "remark" as const, text: `Not whole: ${reasonsText(incomplete)}.` }] : []),
  ];
}

function coverageNotices(
  { covered, measuredNs, tracer }: RangeAnswer,
  { fromMs, toMs }: TimeRange,
  history: HistoryExtent | undefined,
): Notice[] {
  if (history?.detailsFromMs !== undefined && fromMs < history.detailsFromMs) {
    const since = clock(history.detailsFromMs);
    return [{ kind: "warning", text: `Details from before ${since} were dropped, for lack of memory.` }];
  }
  // A tracer that is off now has been told of; this is about one that was off for a part of the time.
  if (covered === undefined || tracer?.state === "off" || measuredNs === 0) return [];
  const coveredNs = (covered.toMs - covered.fromMs) * 1e6;
  const gapNs = coveredNs - measuredNs;
  if (gapNs < coveredNs / 10) return [];
  const asked = duration((toMs - fromMs) * 1e6);
  return [{ kind: "remark", text: `Seen for ${duration(measuredNs)} of ${asked}: the tracer was off in between.` }];
}

/** `stacks full 12, truncated 3`, the largest first. */
export function reasonsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, value]) => value > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, value]) => `${inWords(reason)} ${count(value)}`)
    .join(", ");
}

/** `childrenNotFollowed` -> `children not followed`; the name of an errno stays as it is. */
export function inWords(reason: string): string {
  return /^E[A-Z0-9]+$/.test(reason) ? reason : reason.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

export function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, value) => sum + value, 0);
}

/** Why a view has nothing to show. */
export function emptyText(answer: RangeAnswer | undefined, what: string): string {
  if (answer === undefined) return "Loading …";
  const { tracer, covered } = answer;
  if (tracer === undefined) return "The first round is still being measured.";
  if (tracer.state === "off") return `Nothing is known: the ${tracer.name} tracer is off.`;
  if (covered === undefined) return "Nothing was measured in this time.";
  return `${what} in ${plural(Math.round((covered.toMs - covered.fromMs) / 1000), "second")}.`;
}

import { HTTP_LOSSES, type NetworkReport, type RequestStatistics, type TlsReport } from "@skep/tracers/networking";
import type { ProgramNames } from "../terminal/program-names.ts";
import { addReasons, type Reasons } from "../terminal/reasons.ts";
import { addLatencies } from "./latencies.ts";

/** Rows that are remembered one by one; requests of more than these are in `unattributedRequests`. */
const ROW_LIMIT = 8192;

/** Requests of HTTP, and nothing else of a report. */
export interface HttpReport {
  readonly durationNs: number;
  /** The most frequent first. */
  readonly requests: readonly RequestStatistics[];
  readonly unattributedRequests: number;
  /** Of a report that was added to others: what was added last. */
  readonly latest?: Pick<HttpReport, "durationNs" | "requests">;
  readonly lost: Reasons;
  readonly incomplete: Reasons;
  readonly tls?: TlsReport;
}

/** What makes no request incomplete: it is of other protocols, or says the same in bytes. */
const BESIDE_THE_POINT: ReadonlySet<string> = new Set(["flowsFull", "ignoredBytes", "repeatedBytes"]);

/** @param names gives programs the names that people know them by */
export function httpReportOf({ durationNs, requests: report, tls }: NetworkReport, names: ProgramNames): HttpReport {
  if (report === undefined) throw new TypeError("the report of a tracer without requests");
  const { lost, incomplete, requests, unattributedRequests } = report;
  const reasons = [...HTTP_LOSSES, "serverRingFull", "clientRingFull", "recursion"] as const;
  return {
    durationNs,
    requests: requests.map(({ process, ...statistics }) => ({ process: names.named(process), ...statistics })),
    unattributedRequests,
    lost: Object.fromEntries(reasons.map((reason) => [reason, lost[reason]])),
    incomplete: Object.fromEntries(Object.entries(incomplete).filter(([reason]) => !BESIDE_THE_POINT.has(reason))),
    ...(tls !== undefined && { tls }),
  };
}

/** The report of two times that follow each other. */
export function addHttpReports(sum: HttpReport, next: HttpReport): HttpReport {
  const requests = addRequests(sum.requests, next.requests);
  const { tls = sum.tls } = next;
  return {
    durationNs: sum.durationNs + next.durationNs,
    requests: requests.slice(0, ROW_LIMIT),
    unattributedRequests:
      sum.unattributedRequests + next.unattributedRequests + countRequests(requests.slice(ROW_LIMIT)),
    latest: { durationNs: next.durationNs, requests: next.requests },
    lost: addReasons(sum.lost, next.lost),
    incomplete: addReasons(sum.incomplete, next.incomplete),
    ...(tls !== undefined && { tls }),
  };
}

export function countRequests(requests: readonly RequestStatistics[]): number {
  return requests.reduce((sum, statistics) => sum + statistics.requests, 0);
}

function addRequests(sum: readonly RequestStatistics[], next: readonly RequestStatistics[]): RequestStatistics[] {
  const byKey = new Map(sum.map((statistics) => [keyOf(statistics), statistics]));
  for (const now of next) {
    const key = keyOf(now);
    const before = byKey.get(key);
    byKey.set(key, before === undefined ? now : addStatistics(before, now));
  }
  return [...byKey.values()].sort((a, b) => b.requests - a.requests);
}

function keyOf({
  process: { pid, name },
  side,
  protocol,
  tls,
  method,
  route,
  status,
  grpcStatus,
}: RequestStatistics): string {
  return JSON.stringify([pid, name, side, protocol, tls, method, route, status, grpcStatus]);
}

function addStatistics(before: RequestStatistics, now: RequestStatistics): RequestStatistics {
  const latency = addLatencies(before.latency, now.latency);
  return {
    ...now,
    requests: before.requests + now.requests,
    aborted: before.aborted + now.aborted,
    requestBytes: before.requestBytes + now.requestBytes,
    responseBytes: before.responseBytes + now.responseBytes,
    ...(latency !== undefined && { latency }),
  };
}

/**
 * The gRPC statuses that are a server's failure, by OpenTelemetry's conventions: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED,
 * INTERNAL, UNAVAILABLE, DATA_LOSS.
 */
const SERVER_FAILURES: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

/** Of requests that are alike: how many failed, by OpenTelemetry's conventions. */
export function errorsOf({ side, status, grpcStatus, requests, aborted }: RequestStatistics): number {
  const isServer = side === "server";
  if (status !== undefined && status >= (isServer ? 500 : 400)) return requests;
  if (grpcStatus !== undefined && grpcStatus !== 0 && (!isServer || SERVER_FAILURES.has(grpcStatus))) return requests;
  return aborted;
}

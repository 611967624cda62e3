import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isRunning } from "../../filters/processes.ts";
import { Workload } from "../../profiling/testing/workload.ts";
import { tracepointsArePreemptible } from "../../syscall-forms.ts";
import { noteLeftOut } from "../../testing/exact-test.ts";
import type { DnsQueryEvent, HttpRequestEvent, RequestReport } from "../request-report.ts";
import { RequestTracer } from "../request-tracer.ts";
import type { RequestTracerOptions } from "../request-tracer-options.ts";

/** As `http-client.mjs` prints it: method, path, status, bytes of both bodies. */
export type LoggedRequest = readonly [string, string, number | null, number, number | null];

export function program(name: string, ...args: readonly string[]): Workload {
  return new Workload(process.execPath, [fileURLToPath(new URL(name, import.meta.url)), ...args]);
}

export interface Traced {
  readonly requests: HttpRequestEvent[];
  readonly queries: DnsQueryEvent[];
  readonly report: RequestReport;
}

/** What was traced while `work` ran. */
export async function traced(
  options: RequestTracerOptions,
  work: (tracer: RequestTracer) => Promise<void>,
): Promise<Traced> {
  await using tracer = await RequestTracer.start({ tls: false, ...options });
  const events = tracer.events({ capacity: 1_000_000 });
  await work(tracer);
  tracer.stop();
  const requests: HttpRequestEvent[] = [];
  const queries: DnsQueryEvent[] = [];
  for await (const event of events) {
    if (event.kind === "http") requests.push(event);
    else queries.push(event);
  }
  const report = await tracer.snapshot();
  noteLeftOut(report);
  return { requests, queries, report };
}

/** What a client's scenario did with a server, and what was traced of the two. */
export async function tracedScenario(
  scenario: string,
  { server: serverArgs = [], args = [], options = {}, told = 0 }: ScenarioOptions = {},
): Promise<Traced & { readonly log: LoggedRequest[]; readonly server: number; readonly client: number }> {
  await using server = program("http-server.mjs", ...serverArgs);
  const port = await server.ready;
  await using client = program("http-client.mjs", scenario, serverArgs[0] ?? port, ...args);
  await client.ready;
  let log: LoggedRequest[] = [];
  const result = await traced({ pids: [server.pid, client.pid], ...options }, async (tracer) => {
    client.release();
    log = JSON.parse(await client.lastLine);
    for (let waitedMs = 0; tracer.delivered.http < told && waitedMs < 10_000; waitedMs += 10) await setTimeout(10);
  });
  return { ...result, log, server: server.pid, client: client.pid };
}

export interface ScenarioOptions {
  /** Arguments of the server: the path of its Unix socket. */
  readonly server?: readonly string[];
  /** Further arguments of the client. */
  readonly args?: readonly string[];
  readonly options?: RequestTracerOptions;
  /** How many requests of both sides have to be told before tracing ends: the server may be behind the client. */
  readonly told?: number;
}

export function sideOf(requests: readonly HttpRequestEvent[], side: "server" | "client"): HttpRequestEvent[] {
  return requests.filter((request) => request.side === side);
}

/**
 * But for gaps in bodies, which are left out where a call moves more than is captured of one; and for runs that the kernel
 * left out, of which only an upper bound is known.
 */
export function nothingMissing({ lost: { recursion, ...lost }, incomplete }: RequestReport): void {
  const { ioUringNotSeen, compatNotSeen, gaps, gapBytes, ignoredBytes, ...missing } = { ...lost, ...incomplete };
  if (!tracepointsArePreemptible()) assert.equal(recursion, 0);
  assert.deepEqual(
    Object.entries(missing).filter(([, count]) => count !== 0),
    [],
  );
}

/** In the form of the client's log. */
export function logged({ method, path, status, requestBytes, responseBytes }: HttpRequestEvent): LoggedRequest {
  return [method ?? "?", path ?? "?", status ?? null, requestBytes ?? -1, responseBytes ?? null];
}

/** One text for each, in an order that does not depend on theirs: equal for equal multisets. */
export function multiset(requests: Iterable<LoggedRequest>): string[] {
  return Array.from(requests, (request) => JSON.stringify(request)).sort();
}

/** What there is more of in one than in the other: as many more of these in `ours`, or fewer where that is negative. */
export function multisetDifference(
  ours: Iterable<LoggedRequest>,
  theirs: Iterable<LoggedRequest>,
): (readonly [request: string, more: number])[] {
  const counts = new Map<string, number>();
  const add = (request: LoggedRequest, by: number): void => {
    const key = JSON.stringify(request);
    counts.set(key, (counts.get(key) ?? 0) + by);
  };
  for (const request of ours) add(request, 1);
  for (const request of theirs) add(request, -1);
  return Array.from(counts).filter(([, more]) => more !== 0);
}

/** Waits, and lets nothing else of this process go on: nobody reads the ring meanwhile. */
export function blockUntilExit(pid: number): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  while (isRunning(pid)) Atomics.wait(sleeper, 0, 0, 20);
}

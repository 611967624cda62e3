import { RouteTemplates } from "./http/route.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { DnsQueryEvent, DnsStatistics, HttpRequestEvent, RequestStatistics } from "./request-report.ts";
import { type TupleKey, TupleMap } from "./tuple-map.ts";

type MutableRequests = { -readonly [Name in keyof RequestStatistics]: RequestStatistics[Name] };
type MutableQueries = { -readonly [Name in keyof DnsStatistics]: DnsStatistics[Name] };

interface Row<Statistics> {
  readonly statistics: Statistics;
  readonly histogram: LatencyHistogram;
}

/** What one report takes out of the store. */
export interface StoredRequests {
  readonly requests: RequestStatistics[];
  readonly unattributedRequests: number;
  readonly dns: DnsStatistics[];
  readonly unattributedQueries: number;
}

/** Adds up requests and queries that are alike. */
export class RequestStore {
  readonly #limit: number;
  readonly #byServer: boolean;
  readonly #routes = new RouteTemplates();
  readonly #requests = new TupleMap<Row<MutableRequests>>();
  readonly #queries = new TupleMap<Row<MutableQueries>>();
  #unattributedRequests = 0;
  #unattributedQueries = 0;

  /**
   * @param limit how many rows there are of each; what would need more is unattributed
   * @param byServer whether clients' requests to different servers are alike, and those aborted like the others
   */
  constructor(limit: number, byServer = false) {
    this.#limit = limit;
    this.#byServer = byServer;
  }

  addRequest(event: HttpRequestEvent): void {
    const { process, side, protocol, tls, method, status, grpcStatus } = event;
    const route = this.#routeOf(event);
    const host = this.#byServer && side === "client" ? event.host : undefined;
    const peer = this.#byServer && side === "client" ? event.peer : undefined;
    const isAborted = this.#byServer && event.outcome === "aborted";
    // What there are few of first: those share the way to them.
    const row = findOrCreate(
      this.#requests,
      // biome-ignore format: as one list, not one key a line.
      [
        process.pid, process.name, side, protocol, tls, isAborted, method, status, grpcStatus,
        host, peer?.address, peer?.port, route,
      ],
      this.#limit,
      (): MutableRequests => ({
        process,
        side,
        protocol,
        tls,
        ...(method !== undefined && { method }),
        ...(route !== undefined && { route }),
        ...(status !== undefined && { status }),
        ...(grpcStatus !== undefined && { grpcStatus }),
        ...(host !== undefined && { host }),
        ...(peer !== undefined && { peer }),
        requests: 0,
        aborted: 0,
        requestBytes: 0,
        responseBytes: 0,
      }),
    );
    if (row === undefined) {
      this.#unattributedRequests++;
      return;
    }
    const { statistics, histogram } = row;
    statistics.requests++;
    if (event.outcome === "aborted") statistics.aborted++;
    statistics.requestBytes += event.requestBytes ?? 0;
    statistics.responseBytes += event.responseBytes ?? 0;
    if (event.durationNs !== undefined) histogram.add(event.durationNs);
  }

  addQuery(event: DnsQueryEvent): void {
    const { process, side, name, type, rcode, durationNs } = event;
    const row = findOrCreate(
      this.#queries,
      [process.pid, process.name, side, type, rcode, name],
      this.#limit,
      (): MutableQueries => ({
        process,
        side,
        name,
        type,
        ...(rcode !== undefined && { rcode }),
        queries: 0,
      }),
    );
    if (row === undefined) {
      this.#unattributedQueries++;
      return;
    }
    row.statistics.queries++;
    if (durationNs !== undefined) row.histogram.add(durationNs);
  }

  /** All that was added since the last call; what came most often first. */
  take(): StoredRequests {
    const taken = {
      requests: finished(this.#requests).sort((a, b) => b.requests - a.requests),
      unattributedRequests: this.#unattributedRequests,
      dns: finished(this.#queries).sort((a, b) => b.queries - a.queries),
      unattributedQueries: this.#unattributedQueries,
    };
    this.#unattributedRequests = 0;
    this.#unattributedQueries = 0;
    return taken;
  }

  /** One service is what goes by one name. */
  #routeOf({ process, side, path, grpcMethod }: HttpRequestEvent): string | undefined {
    if (grpcMethod !== undefined) return grpcMethod;
    return path === undefined ? undefined : this.#routes.routeOf(`${process.name}/${side}`, path);
  }
}

function findOrCreate<Statistics>(
  rows: TupleMap<Row<Statistics>>,
  keys: readonly TupleKey[],
  limit: number,
  create: () => Statistics,
): Row<Statistics> | undefined {
  const known = rows.get(keys);
  if (known !== undefined || rows.size >= limit) return known;
  const row = { statistics: create(), histogram: new LatencyHistogram() };
  rows.add(keys, row);
  return row;
}

/** Takes the rows out. */
function finished<Statistics extends object>(rows: TupleMap<Row<Statistics>>): Statistics[] {
  return Array.from(rows.take(), ({ statistics, histogram: { latency } }) => ({
    ...statistics,
    ...(latency !== undefined && { latency }),
  }));
}

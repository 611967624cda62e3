import { type Latency, latencyQuantile, type RequestStatistics } from "@skep/tracers/networking";
import { cutEnd, cutMiddle, printable } from "../output/text.ts";
import { type Column, layOutTable } from "../terminal/columns.ts";
import { moreLines } from "../terminal/divide-rows.ts";
import { headline } from "../terminal/headline.ts";
import { counted, formatCount, formatDuration, formatRate } from "../terminal/numbers.ts";
import { incompleteLines, lostLines, sumOfReasons } from "../terminal/reasons.ts";
import type { TableSize } from "../terminal/table-size.ts";
import { countRequests, errorsOf, type HttpReport } from "./http-report.ts";
import { addLatencies } from "./latencies.ts";

/** Wide enough for `123 ms`: so columns don't move with each refresh. */
const VALUE_COLUMNS = 6;
/** The same for `grpc 14`. */
const STATUS_COLUMNS = 7;

const incompleteMeanings: Readonly<Record<string, string>> = {
  gaps: "gaps in what connections carried",
  gapBytes: "bytes in these gaps",
  framingLost: "times the next request of a connection had to be looked for",
  malformedHeads: "heads that are none",
  headerTablesLost: "times a connection's table of headers was lost: methods, paths and statuses may be missing",
  unpairedResponses: "responses whose request was not seen",
  payloadsLost: "calls whose payload had no room in the ring buffer",
  payloadBytesLost: "bytes of such payload",
  bodiesLeftOut: "calls whose payload was left out to keep room for requests: sizes in chunks may be missing",
  endsLost: "ends of connections that had none",
  unreadable: "calls whose payload was not in memory",
  threadsFull: "calls of threads that found no room",
  streamsEvicted: "connections forgotten, for lack of room",
  messagesNotSeen: "messages that were not looked at, as one call had too many",
  multipathNotSeen: "calls on sockets of MPTCP, which are not looked at",
  smcNotSeen: "calls on sockets of SMC, which are not looked at",
  compatNotSeen: "calls of 32-bit programs that are not looked at",
  ioUringNotSeen: "requests of io_uring that could not be looked at",
  childrenNotFollowed: "children not followed, for lack of room",
};

/**
 * Requests by service, route and class of status, for a terminal.
 *
 * @param subject which processes, in words; undefined for every one
 */
export function formatHttpTable(
  report: HttpReport,
  subject: string | undefined,
  { columns, rows }: TableSize,
): string[] {
  const services = servicesOf(report);
  const head = [...headLines(report, subject, columns), ...lostLines(report.lost)];
  const tail = [...tlsLines(report, columns), ...incompleteLines(report.incomplete, incompleteMeanings)];
  if (services.length === 0) return [...head, "", "No request was over.", ...tail];
  // An empty line, the titles, and one that says how many are left out.
  const shown = chooseRoutes(services, Math.max(3, rows - head.length - tail.length - 3));
  const all = services.reduce((sum, { routes }) => sum + routes.length, 0);
  return [...head, "", ...serviceLines(services, shown, columns), ...moreLines(all, shown.size), ...tail];
}

function headLines(report: HttpReport, subject: string | undefined, columns: number): string[] {
  const { requests, unattributedRequests, durationNs, lost } = report;
  const errors = requests.reduce((sum, statistics) => sum + errorsOf(statistics), 0);
  const numbers = [
    counted(countRequests(requests) + unattributedRequests, "request"),
    counted(errors, "error"),
    ...(unattributedRequests > 0 ? [`${formatCount(unattributedRequests)} in no row`] : []),
    `${formatCount(sumOfReasons(lost))} lost`,
  ];
  return headline("HTTP", subject, durationNs, numbers, columns);
}

/** Of one service: the requests of a route, and of a class of status. */
interface Route {
  readonly name: string;
  readonly status: string;
  requests: number;
  perSecond: number;
  latency: Latency | undefined;
}

/** The processes of one name, on one side, with or without TLS. */
interface Service {
  readonly name: string;
  readonly what: string;
  readonly pids: Set<number>;
  readonly byKey: Map<string, Route>;
  routes: Route[];
  requests: number;
  errors: number;
}

/** Those with the most requests first. */
function servicesOf({ requests, durationNs, latest }: HttpReport): Service[] {
  const services = new Map<string, Service>();
  const rates = latest ?? { requests, durationNs };
  for (const statistics of requests) {
    const service = serviceOf(services, statistics);
    const route = routeOf(service, statistics);
    service.pids.add(statistics.process.pid);
    service.requests += statistics.requests;
    service.errors += errorsOf(statistics);
    route.requests += statistics.requests;
    route.latency = addLatencies(route.latency, statistics.latency);
  }
  for (const statistics of rates.requests) {
    const route = routeOf(serviceOf(services, statistics), statistics);
    if (rates.durationNs > 0) route.perSecond += (statistics.requests * 1e9) / rates.durationNs;
  }
  const sorted = [...services.values()].sort((a, b) => b.requests - a.requests);
  for (const service of sorted) service.routes = [...service.byKey.values()].sort((a, b) => b.requests - a.requests);
  return sorted;
}

function serviceOf(services: Map<string, Service>, { process, side, tls }: RequestStatistics): Service {
  const what = tls ? `${side}, TLS` : side;
  const key = `${what} ${process.name}`;
  let service = services.get(key);
  if (service === undefined) {
    service = { name: process.name, what, pids: new Set(), byKey: new Map(), routes: [], requests: 0, errors: 0 };
    services.set(key, service);
  }
  return service;
}

function routeOf({ byKey }: Service, statistics: RequestStatistics): Route {
  const { method, route: path, protocol } = statistics;
  const name = protocol === "grpc" ? (path ?? "?") : `${method ?? "?"} ${path ?? (method === "CONNECT" ? "" : "?")}`;
  const status = statusClass(statistics);
  const key = `${status} ${name}`;
  let route = byKey.get(key);
  if (route === undefined) {
    route = { name: printable(name.trimEnd()), status, requests: 0, perSecond: 0, latency: undefined };
    byKey.set(key, route);
  }
  return route;
}

/** `2xx`, `grpc 5`; `none` where no status came. */
function statusClass({ status, grpcStatus }: RequestStatistics): string {
  if (grpcStatus !== undefined) return `grpc ${grpcStatus}`;
  return status === undefined ? "none" : `${Math.floor(status / 100)}xx`;
}

/** The most frequent ones that, with a line for each of their services, take no more than so many lines. */
function chooseRoutes(services: readonly Service[], lines: number): ReadonlySet<Route> {
  const all = services.flatMap((service) => service.routes.map((route) => ({ service, route })));
  const chosen = new Set<Route>();
  const begun = new Set<Service>();
  for (const { service, route } of all.sort((a, b) => b.route.requests - a.route.requests)) {
    if (chosen.size + 1 + new Set([...begun, service]).size > lines) break;
    chosen.add(route);
    begun.add(service);
  }
  return chosen;
}

function serviceLines(services: readonly Service[], shown: ReadonlySet<Route>, width: number): string[] {
  const ofServices = services.map((service) => ({
    service,
    routes: service.routes.filter((route) => shown.has(route)),
  }));
  const [titles = "", ...lines] = layOutTable(
    routeColumns,
    ofServices.flatMap(({ routes }) => routes),
    width,
  );
  const all = [titles];
  for (const { service, routes } of ofServices) {
    if (routes.length > 0) all.push(serviceLine(service, width), ...lines.splice(0, routes.length));
  }
  return all;
}

function serviceLine({ name, what, pids, requests, errors }: Service, width: number): string {
  const [pid] = pids;
  const which = pids.size === 1 ? `(${pid})` : `(${formatCount(pids.size)} processes)`;
  const end = ` ${which}, ${what}: ${counted(requests, "request")}, ${counted(errors, "error")}`;
  return cutEnd(cutMiddle(printable(name), Math.max(8, width - end.length)) + end, width);
}

const routeColumns: readonly Column<Route>[] = [
  { title: "REQUESTS", align: "end", cell: ({ requests }) => formatCount(requests) },
  { title: "REQ/s", align: "end", least: VALUE_COLUMNS, cell: ({ perSecond }) => formatRate(perSecond) },
  { title: "P50", align: "end", least: VALUE_COLUMNS, cell: ({ latency }) => quantileOf(latency, 0.5) },
  { title: "P90", align: "end", least: VALUE_COLUMNS, cell: ({ latency }) => quantileOf(latency, 0.9) },
  { title: "P99", align: "end", least: VALUE_COLUMNS, cell: ({ latency }) => quantileOf(latency, 0.99) },
  { title: "STATUS", align: "start", least: STATUS_COLUMNS, cell: ({ status }) => status },
  {
    title: "REQUEST",
    align: "start",
    yields: true,
    cut: (text, columns) => cutMiddle(text, columns, 0.6),
    cell: ({ name }) => name,
  },
];

function quantileOf(latency: Latency | undefined, share: number): string {
  return latency === undefined ? "" : formatDuration(latencyQuantile(latency, share));
}

/** What of TLS is not looked at, though it is there. */
function tlsLines({ tls }: HttpReport, columns: number): string[] {
  const unseen = (tls?.files ?? []).filter(({ state }) => state !== "attached");
  return unseen.map(({ path, state, problem }) =>
    cutEnd(`TLS of ${printable(path)} is not seen: ${printable(problem ?? state)}`, columns),
  );
}

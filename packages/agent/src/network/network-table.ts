import {
  type DnsStatistics,
  endpointText,
  type Latency,
  type Listener,
  latencyQuantile,
} from "@skep/tracers/networking";
import { wrapText } from "../cli/wrap-text.ts";
import { cutEnd, cutMiddle, printable } from "../output/text.ts";
import { type Column, layOutTable } from "../terminal/columns.ts";
import { moreLines } from "../terminal/divide-rows.ts";
import { headline } from "../terminal/headline.ts";
import { counted, formatBytes, formatCount, formatDuration } from "../terminal/numbers.ts";
import { cutProcess, formatProcess } from "../terminal/process-name.ts";
import { incompleteLines, lostLines, sumOfReasons } from "../terminal/reasons.ts";
import { powerRange, sparkline } from "../terminal/sparkline.ts";
import type { TableSize } from "../terminal/table-size.ts";
import { connectionEnds, flowEnds, manyConnectionEnds } from "./ends-text.ts";
import { fitSections, type Section } from "./fit-sections.ts";
import type { ByteRates, EndedRow, InterfaceRow, NetworkView, Rates } from "./network-view.ts";

/** Terminals that are as wide have room for the state of a connection, its age, and what was sent again. */
const WIDE = 100;
/** And those for the local address. */
const VERY_WIDE = 130;

/** Those that are as high have room for round-trip times. */
const HIGH = 30;

/** Wide enough for `123 MB` and `123 ms`: so columns don't move with each refresh. */
const VALUE_COLUMNS = 6;

const incompleteMeanings: Readonly<Record<string, string>> = {
  childrenNotFollowed: "children not followed, for lack of room",
  cgroupsUnknown: "cgroups whose path did not get through",
  callsNotSeen: "system calls that could not be looked at: what they accepted lacks its process",
  peersFull: "times a peer found no room in the report",
  flowsFull: "datagrams of flows that found no room",
  messagesNotSeen: "datagrams that were not looked at, as one call had too many",
  compatNotSeen: "calls of 32-bit programs that are not looked at",
  ioUringNotSeen: "requests of io_uring that could not be looked at",
  threadsFull: "calls of threads that found no room",
  rowsFull: "rows that found no room in a table",
};

/**
 * Connections and datagrams, what ended, what listens, DNS, and interfaces, for a terminal.
 *
 * @param subject which processes, in words; undefined for every one
 * @param rates which bytes a second to show
 */
export function formatNetworkTable(
  view: NetworkView,
  subject: string | undefined,
  { columns, rows }: TableSize,
  rates: keyof Rates,
): string[] {
  const head = [...headLines(view, subject, columns), ...lostLines(view.lost)];
  const tail = shortIncompleteLines(view, columns);
  const sections = [
    trafficSection(view, columns, rates),
    endedSection(view, columns),
    interfaceSection(view, columns, rates, rows >= HIGH),
    dnsSection(view, columns),
    listenerSection(view, columns),
  ].filter(({ count }) => count > 0);
  if (sections.length === 0) return [...head, "", "Nothing was connected.", ...tail];
  // The last one is for the tables that there is no room for.
  const shown = fitSections(sections, rows - head.length - tail.length - 1);
  const body = sections.flatMap(({ lines }, index) => {
    const rowsOfIt = shown[index] ?? 0;
    return rowsOfIt === 0 ? [] : ["", ...lines(rowsOfIt)];
  });
  const hidden = sections.filter((_, index) => shown[index] === 0);
  return [...head, ...body, ...hiddenLines(hidden, columns), ...tail];
}

function hiddenLines(hidden: readonly Section[], columns: number): string[] {
  if (hidden.length === 0) return [];
  const what = hidden.map(({ count, what }) => counted(count, what));
  return [cutEnd(`no lines left for ${what.join(", ")}`, columns)];
}

/** In as few lines as possible: there is little room for the tables as it is. */
function shortIncompleteLines({ incomplete }: NetworkView, columns: number): string[] {
  const [, , ...reasons] = incompleteLines(incomplete, incompleteMeanings);
  if (reasons.length === 0) return [];
  return ["", ...wrapText(`incomplete: ${reasons.map((reason) => reason.trim()).join("; ")}`, columns)];
}

function headLines(view: NetworkView, subject: string | undefined, columns: number): string[] {
  const { totals, failed, connections, lost } = view;
  const numbers = [
    counted(connections.length, "connection"),
    `${formatCount(totals.opened)} opened`,
    `${formatCount(totals.closed)} closed`,
    `${formatCount(sumOfReasons(failed))} failed`,
    ...(totals.retransmits > 0 ? [counted(totals.retransmits, "retransmit")] : []),
    `${formatCount(sumOfReasons(lost))} lost`,
  ];
  return headline("Network", subject, view.durationNs, numbers, columns);
}

/** A connection, or what UDP carries between two ends. */
interface TrafficRow {
  readonly rates: ByteRates;
  /** Absent where nobody counts them. */
  readonly sentBytes?: number;
  readonly receivedBytes?: number;
  readonly roundTripUs?: number;
  readonly retransmits?: number;
  readonly ageNs?: number;
  readonly state: string;
  readonly ends: string;
  readonly process: string;
}

function trafficRows({ connections, flows }: NetworkView, which: keyof Rates, width: number): TrafficRow[] {
  const whole = width >= VERY_WIDE;
  const rows: TrafficRow[] = [];
  for (const { connection, rates, ageNs } of connections) {
    const { traffic, state, pid, process } = connection;
    // Where there is no column for it, what is out of the ordinary is told all the same.
    const odd = width < WIDE && state !== "ESTAB" && traffic !== undefined;
    rows.push({
      rates: rates[which],
      ...(traffic !== undefined && {
        sentBytes: traffic.sentBytes,
        receivedBytes: traffic.receivedBytes,
        retransmits: traffic.retransmits,
      }),
      ...(traffic?.roundTripUs !== undefined && { roundTripUs: traffic.roundTripUs }),
      ...(ageNs !== undefined && { ageNs }),
      state,
      ends: odd ? `${manyConnectionEnds(connection, whole)} ${state}` : connectionEnds(connection, whole),
      process: processText(process, pid),
    });
  }
  for (const { flow, rates } of flows) {
    const { sentBytes, receivedBytes, process } = flow;
    const ends = flowEnds(flow, whole);
    rows.push({ rates: rates[which], sentBytes, receivedBytes, state: "", ends, process: formatProcess(process) });
  }
  return rows.sort((a, b) => rateOf(b) - rateOf(a) || bytesOf(b) - bytesOf(a));
}

function rateOf({ rates: { sent, received } }: TrafficRow): number {
  return sent + received;
}

/** What does not count comes last. */
function bytesOf({ sentBytes, receivedBytes }: TrafficRow): number {
  return sentBytes === undefined || receivedBytes === undefined ? -1 : sentBytes + receivedBytes;
}

function trafficSection(view: NetworkView, width: number, which: keyof Rates): Section {
  const rows = trafficRows(view, which, width);
  const all: readonly (Column<TrafficRow> & { readonly from?: number })[] = [
    { title: "SENT/s", align: "end", least: VALUE_COLUMNS, cell: ({ rates }) => rateText(rates.sent) },
    { title: "RECV/s", align: "end", least: VALUE_COLUMNS, cell: ({ rates }) => rateText(rates.received) },
    { title: "SENT", align: "end", least: VALUE_COLUMNS, cell: ({ sentBytes }) => bytesText(sentBytes) },
    { title: "RECV", align: "end", least: VALUE_COLUMNS, cell: ({ receivedBytes }) => bytesText(receivedBytes) },
    {
      title: "RTT",
      align: "end",
      least: VALUE_COLUMNS,
      cell: ({ roundTripUs }) => (roundTripUs === undefined ? "" : formatDuration(roundTripUs * 1000)),
    },
    { title: "RETR", align: "end", from: WIDE, cell: ({ retransmits = 0 }) => countUnlessNone(retransmits) },
    { title: "AGE", align: "end", from: WIDE, least: VALUE_COLUMNS, cell: ({ ageNs }) => durationText(ageNs) },
    { title: "STATE", align: "start", from: WIDE, cell: ({ state }) => state },
    { title: "CONNECTION", align: "start", yields: true, cut: cutEnds, cell: ({ ends }) => ends },
    { title: "PROCESS", align: "start", most: processColumns(width), cut: cutProcess, cell: ({ process }) => process },
  ];
  const columns = all.filter(({ from = 0 }) => width >= from);
  return section("connection", rows, 8, (shown) => layOutTable(columns, shown, width));
}

function endedSection({ ended }: NetworkView, width: number): Section {
  const columns: readonly Column<EndedRow>[] = [
    { title: "COUNT", align: "end", cell: ({ count }) => formatCount(count) },
    { title: "ENDED", align: "start", cell: ({ how }) => how },
    {
      title: "TOOK",
      align: "end",
      least: VALUE_COLUMNS,
      cell: ({ timed, durationNs }) => (timed === 0 ? "" : formatDuration(durationNs / timed)),
    },
    { title: "SENT", align: "end", least: VALUE_COLUMNS, cell: (row) => endedBytes(row, row.sentBytes) },
    { title: "RECV", align: "end", least: VALUE_COLUMNS, cell: (row) => endedBytes(row, row.receivedBytes) },
    ...(width < WIDE
      ? []
      : [{ title: "RETR", align: "end", cell: ({ retransmits }) => countUnlessNone(retransmits) } as Column<EndedRow>]),
    {
      title: "CONNECTION",
      align: "start",
      yields: true,
      cut: cutEnds,
      cell: ({ connection, count }) =>
        (count === 1 ? connectionEnds : manyConnectionEnds)(connection, width >= VERY_WIDE),
    },
    { title: "PROCESS", align: "start", most: processColumns(width), cut: cutProcess, cell: endedProcess },
  ];
  return section("ended connection", ended, 4, (shown) => layOutTable(columns, shown, width));
}

/** Unix sockets don't count. */
function endedBytes({ connection: { kind, transport } }: EndedRow, bytes: number): string {
  return kind === "failed" || transport === "unix" ? "" : formatBytes(bytes);
}

function endedProcess({ connection: { process, pid }, pids }: EndedRow): string {
  return pids.size > 1 ? `${printable(process ?? "?")} (${formatCount(pids.size)} pids)` : processText(process, pid);
}

function listenerSection({ listeners }: NetworkView, width: number): Section {
  const sorted = [...listeners].sort(
    (a, b) =>
      Number(a.transport === "unix") - Number(b.transport === "unix") ||
      (b.dropped ?? 0) - (a.dropped ?? 0) ||
      (b.queued ?? 0) - (a.queued ?? 0) ||
      (a.local?.port ?? 0) - (b.local?.port ?? 0),
  );
  const columns: readonly Column<Listener>[] = [
    {
      title: "QUEUE",
      align: "end",
      cell: ({ queued, capacity }) => `${queued === undefined ? "?" : formatCount(queued)}/${formatCount(capacity)}`,
    },
    { title: "DROPPED", align: "end", cell: ({ dropped = 0 }) => countUnlessNone(dropped) },
    {
      title: "LISTENING",
      align: "start",
      yields: true,
      cell: ({ local, path }) => (local === undefined ? `unix ${printable(path ?? "?")}` : endpointText(local)),
    },
    {
      title: "PROCESS",
      align: "start",
      most: processColumns(width),
      cut: cutProcess,
      cell: ({ process, pid }) => processText(process, pid),
    },
  ];
  return section("listening socket", sorted, 1, (shown) => layOutTable(columns, shown, width));
}

function dnsSection({ dns }: NetworkView, width: number): Section {
  const columns: readonly Column<DnsStatistics>[] = [
    { title: "QUERIES", align: "end", cell: ({ queries }) => formatCount(queries) },
    { title: "P50", align: "end", least: VALUE_COLUMNS, cell: ({ latency }) => quantileOf(latency, 0.5) },
    { title: "P99", align: "end", least: VALUE_COLUMNS, cell: ({ latency }) => quantileOf(latency, 0.99) },
    { title: "ANSWER", align: "start", most: 9, cell: ({ rcode }) => printable(rcode ?? "none") },
    { title: "TYPE", align: "start", most: 6, cell: ({ type }) => printable(type) },
    { title: "NAME", align: "start", yields: true, cell: ({ name }) => printable(name) },
    {
      title: "PROCESS",
      align: "start",
      most: processColumns(width),
      cut: cutProcess,
      cell: ({ process }) => formatProcess(process),
    },
  ];
  return section("DNS name", dns, 2, (shown) => layOutTable(columns, shown, width));
}

/** With what was dropped, and round-trip times, below. */
function interfaceSection(view: NetworkView, width: number, which: keyof Rates, roundTrips: boolean): Section {
  const { interfaces = [] } = view;
  const columns: readonly Column<InterfaceRow>[] = [
    { title: "SENT/s", align: "end", least: VALUE_COLUMNS, cell: ({ rates }) => rateText(rates[which].sent) },
    { title: "RECV/s", align: "end", least: VALUE_COLUMNS, cell: ({ rates }) => rateText(rates[which].received) },
    { title: "SENT", align: "end", least: VALUE_COLUMNS, cell: ({ sentBytes }) => bytesText(sentBytes) },
    { title: "RECV", align: "end", least: VALUE_COLUMNS, cell: ({ receivedBytes }) => bytesText(receivedBytes) },
    { title: "PKTS SENT", align: "end", cell: ({ sentPackets }) => formatCount(sentPackets) },
    { title: "PKTS RECV", align: "end", cell: ({ receivedPackets }) => formatCount(receivedPackets) },
    {
      title: "INTERFACE",
      align: "start",
      yields: true,
      // The same name may be there in each network namespace.
      cell: ({ name, elsewhere }) => printable(elsewhere === undefined ? name : `${name} in ${elsewhere}`),
    },
  ];
  const below = [...dropLines(view, width), ...(roundTrips ? roundTripLines(view, width) : [])];
  const { around, lines, ...rest } = section("interface", interfaces, 2, (shown) => layOutTable(columns, shown, width));
  return { ...rest, around: around + below.length, lines: (rows) => [...lines(rows), ...below] };
}

function dropLines({ drops }: NetworkView, width: number): string[] {
  if (drops.length === 0) return [];
  const reasons = drops.map(({ reason, network, transport, buffers }) => {
    const protocol = transport === "other" ? network : transport;
    return `${printable(reason)} (${protocol}) ${formatCount(buffers)}`;
  });
  return [cutEnd(`dropped: ${reasons.join(", ")}`, width)];
}

function roundTripLines({ roundTrips: { buckets } }: NetworkView, width: number): string[] {
  const histogram = buckets.map(({ fromNs, untilNs, samples }) => [fromNs, untilNs, samples] as const);
  const range = powerRange([histogram]);
  if (range === undefined) return [];
  const [low, high] = [formatDuration(2 ** range.low), formatDuration(2 ** range.high)];
  return [cutEnd(`round trips: ${low} ${sparkline(histogram, range, 24)} ${high}`, width)];
}

function section<Row>(
  what: string,
  rows: readonly Row[],
  weight: number,
  layOut: (rows: readonly Row[]) => readonly string[],
): Section {
  // An empty line, and the titles.
  const lines = (shown: number) => [...layOut(rows.slice(0, shown)), ...moreLines(rows.length, shown)];
  return { what, count: rows.length, weight, around: 2, lines };
}

function processText(name: string | undefined, pid: number | undefined): string {
  return name === undefined || pid === undefined ? "" : formatProcess({ name, pid });
}

/** Of both ends the peer's matters more. */
function cutEnds(text: string, columns: number): string {
  return cutMiddle(text, columns, 0.4);
}

function processColumns(width: number): number {
  return Math.max(14, Math.floor(width * 0.18));
}

function rateText(perSecond: number): string {
  return perSecond < 0.5 ? "" : formatBytes(perSecond);
}

function bytesText(bytes: number | undefined): string {
  return bytes === undefined ? "" : formatBytes(bytes);
}

function durationText(durationNs: number | undefined): string {
  return durationNs === undefined ? "" : formatDuration(durationNs);
}

function countUnlessNone(count: number): string {
  return count === 0 ? "" : formatCount(count);
}

function quantileOf(latency: Latency | undefined, share: number): string {
  return latency === undefined ? "" : formatDuration(latencyQuantile(latency, share));
}

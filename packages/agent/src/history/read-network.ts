import type { TracedProcess } from "@skep/tracers";
import type {
  ConnectionReport,
  Latency,
  NetworkReport,
  PacketReport,
  RequestReport,
  RequestStatistics,
} from "@skep/tracers/networking";
import { errorTypeOf } from "../metrics/request-semantics.ts";
import type { NetworkRound } from "../pipeline/round.ts";
import { ProgramNames } from "../terminal/program-names.ts";
import { LocalServices, textOf } from "./local-services.ts";
import {
  INTERFACE_ROWS,
  LATENCY_SHARE,
  type NetworkSpan,
  PEER_ROWS,
  QUERY_ROWS,
  REQUEST_ROWS,
} from "./network-span.ts";
import { addPeerKind, addQuestion, addRequestKind } from "./request-kind.ts";
import { RowsBuilder, rowsIn } from "./rows.ts";
import { COUNT_ROWS } from "./span-rows.ts";
import type { HistoryTables } from "./tables.ts";

/** What the history keeps of the network in a round. */
export function readNetwork({ report }: NetworkRound, tables: HistoryTables, tableBytes: number): NetworkSpan {
  const { requests, connections } = withProgramNames(report);
  const services = new LocalServices(connections);
  return {
    durationNs: report.durationNs,
    ...readRequests(requests, services, tables, tableBytes),
    peers: readPeers(connections, services, tables, tableBytes),
    ...readPackets(report.packets, tables, tableBytes),
  };
}

/** All processes of Node.js would be one service, `MainThread`. */
function withProgramNames({ requests, connections }: NetworkReport): Pick<NetworkReport, "requests" | "connections"> {
  const names = new ProgramNames();
  const byProcess = <Row extends { readonly process: TracedProcess }>(row: Row): Row => {
    const process = names.named(row.process);
    return process === row.process ? row : { ...row, process };
  };
  const byName = <Row extends { readonly pid?: number; readonly process?: string }>(row: Row): Row => {
    if (row.pid === undefined || row.process === undefined) return row;
    const process = names.of(row.pid, row.process);
    return process === row.process ? row : { ...row, process };
  };
  return {
    ...(requests !== undefined && {
      requests: { ...requests, requests: requests.requests.map(byProcess), dns: requests.dns.map(byProcess) },
    }),
    ...(connections !== undefined && {
      connections: {
        ...connections,
        connections: connections.connections.map(byName),
        listeners: connections.listeners.map(byName),
        peers: connections.peers.map(byName),
      },
    }),
  };
}

export function requestErrors(row: RequestStatistics): number {
  return errorTypeOf(row, false) === undefined ? row.aborted : row.requests;
}

function readRequests(
  report: RequestReport | undefined,
  services: LocalServices,
  tables: HistoryTables,
  tableBytes: number,
): Pick<NetworkSpan, "requests" | "latencies" | "queries"> {
  const requests = new RowsBuilder(REQUEST_ROWS);
  const latencies = new RowsBuilder(COUNT_ROWS);
  const queries = new RowsBuilder(QUERY_ROWS);
  const limit = rowsIn(tableBytes, REQUEST_ROWS);
  // The most frequent come first.
  for (const [rank, row] of (report?.requests ?? []).entries()) {
    const { peer, host, latency } = row;
    const values = [row.requests, requestErrors(row), ...timesOf(latency), row.requestBytes, row.responseBytes];
    if (rank >= limit) {
      requests.fold(0, values);
      continue;
    }
    const server = peer === undefined ? host : textOf(peer);
    const kind = addRequestKind(tables, row, server, services.at(peer));
    requests.add(tables.addProcess(row.process), kind, values);
    for (const [index, count] of (latency?.counts ?? []).entries()) {
      if (count > 0) latencies.add(kind, (latency?.offset ?? 0) + index + 1, [count]);
    }
  }
  if (report !== undefined && report.unattributedRequests > 0) {
    requests.add(0, 0, [report.unattributedRequests, 0, 0, 0, 0, 0, 0]);
  }
  const queryLimit = rowsIn(tableBytes, QUERY_ROWS);
  for (const [rank, { process, side, name, type, rcode, queries: count, latency }] of (report?.dns ?? []).entries()) {
    const values = [count, ...timesOf(latency)];
    if (rank >= queryLimit) queries.fold(0, values);
    else queries.add(tables.addProcess(process), addQuestion(tables, name, type, side, rcode), values);
  }
  return {
    requests: requests.build(),
    latencies: latencies.build(rowsIn(LATENCY_SHARE * tableBytes, COUNT_ROWS)),
    queries: queries.build(),
  };
}

/** How many were timed, sum and maximum. */
function timesOf(latency: Latency | undefined): [number, number, number] {
  return latency === undefined ? [0, 0, 0] : [latency.count, latency.sumNs, latency.maxNs];
}

function readPeers(
  report: ConnectionReport | undefined,
  services: LocalServices,
  tables: HistoryTables,
  tableBytes: number,
): NetworkSpan["peers"] {
  const rows = new RowsBuilder(PEER_ROWS);
  const limit = rowsIn(tableBytes, PEER_ROWS);
  const ordered = (report?.peers ?? []).toSorted((a, b) => trafficOf(b) - trafficOf(a));
  for (const [rank, peer] of ordered.entries()) {
    const values = peerValues(peer);
    // What did nothing in this time is no news.
    if (values.every((value) => value === 0)) continue;
    if (rank >= limit) {
      rows.fold(0, values);
      continue;
    }
    const { pid = 0, process = "", containerId, peerAddress, serverPort, role, path = "" } = peer;
    const isClient = role === "client" && peerAddress !== undefined && serverPort !== undefined;
    const server = isClient ? { address: peerAddress, port: serverPort } : undefined;
    const text = server === undefined ? (peerAddress ?? path) : textOf(server);
    const of = { pid, name: process, ...(containerId !== undefined && { containerId }) };
    const callee = peer.transport === "unix" && role !== "server" ? services.atPath(path) : services.at(server);
    const isLocal = peer.transport === "unix" || (peerAddress !== undefined && services.isHere(peerAddress));
    rows.add(tables.addProcess(of), addPeerKind(tables, peer, text, callee, isLocal), values);
  }
  if (report !== undefined) rows.add(0, 0, peerValues(report.otherPeers));
  return rows.build();
}

type Totals = ConnectionReport["otherPeers"];

function trafficOf({ sentBytes, receivedBytes, opened }: Totals): number {
  return sentBytes + receivedBytes + opened;
}

/** In the order of `PEER_ROWS`. */
function peerValues(totals: Totals): readonly number[] {
  const { opened, closed, failed, sentBytes, receivedBytes, retransmits, connects, connectLatencyNs } = totals;
  return [opened, closed, failed, sentBytes, receivedBytes, retransmits, connects, connectLatencyNs];
}

function readPackets(
  report: PacketReport | undefined,
  tables: HistoryTables,
  tableBytes: number,
): Pick<NetworkSpan, "interfaces" | "drops"> {
  const interfaces = new RowsBuilder(INTERFACE_ROWS);
  const drops = new RowsBuilder(COUNT_ROWS);
  for (const { interface: device, direction, packets, bytes } of report?.interfaces ?? []) {
    interfaces.add(tables.addText(device.name), tables.addText(direction), [packets, bytes]);
  }
  for (const { reason, network, transport, buffers } of report?.drops ?? []) {
    drops.add(tables.addText(reason), tables.addText(`${network} ${transport}`), [buffers]);
  }
  return { interfaces: interfaces.build(rowsIn(tableBytes, INTERFACE_ROWS)), drops: drops.build() };
}

/** What the history tells requests and ends of connections apart by: one text each, so that it is kept once. */

import type { PeerTraffic, RequestStatistics } from "@skep/tracers/networking";
import { printable } from "../output/text.ts";
import type { HistoryTables } from "./tables.ts";

/** In no name, address or path. */
const SEPARATOR = "\u001f";

export interface RequestKind {
  /** The process's name. */
  readonly service: string;
  readonly side: "server" | "client";
  readonly protocol: string;
  readonly tls: boolean;
  readonly method?: string;
  readonly route?: string;
  readonly status?: number;
  readonly grpcStatus?: number;
  /** Of a client: whom it asked, `10.0.0.1:80` or a host's name; and the service that this is, if it runs here. */
  readonly server?: string;
  readonly callee?: string;
}

export interface PeerKind {
  readonly service: string;
  readonly role: "client" | "server" | "";
  readonly transport: "tcp" | "unix";
  /** The other end: of a client `10.0.0.1:5432` or the path of a socket, of a server the address alone. */
  readonly peer: string;
  /** Of the server. */
  readonly port?: number;
  readonly callee?: string;
  /** The other end is on this machine, and has a row of its own where it is traced. */
  readonly isLocal: boolean;
}

export function addRequestKind(
  tables: HistoryTables,
  { process, side, protocol, tls, method, route, status, grpcStatus }: RequestStatistics,
  server: string | undefined,
  callee: string | undefined,
): number {
  return add(tables, [process.name, side, protocol, tls ? 1 : 0, method, route, status, grpcStatus, server, callee]);
}

export function requestKind(tables: HistoryTables, text: number): RequestKind | undefined {
  const [service, side, protocol, tls, method, route, status, grpcStatus, server, callee] = read(tables, text);
  if (service === undefined) return undefined;
  return {
    service,
    side: side === "client" ? "client" : "server",
    protocol: protocol ?? "",
    tls: tls === "1",
    ...(method && { method }),
    ...(route && { route }),
    ...(status && { status: Number(status) }),
    ...(grpcStatus && { grpcStatus: Number(grpcStatus) }),
    ...(server && { server }),
    ...(callee && { callee }),
  };
}

export function addPeerKind(
  tables: HistoryTables,
  { process, role, transport, serverPort }: PeerTraffic,
  peer: string,
  callee: string | undefined,
  isLocal: boolean,
): number {
  return add(tables, [process, role, transport, peer, serverPort, callee, isLocal ? 1 : undefined]);
}

export function peerKind(tables: HistoryTables, text: number): PeerKind | undefined {
  const [service, role, transport, peer = "", port, callee, isLocal] = read(tables, text);
  if (service === undefined) return undefined;
  return {
    service: service === "" ? "nobody" : service,
    role: role === "client" || role === "server" ? role : "",
    transport: transport === "unix" ? "unix" : "tcp",
    peer,
    ...(port && { port: Number(port) }),
    ...(callee && { callee }),
    isLocal: isLocal === "1",
  };
}

export function addQuestion(tables: HistoryTables, name: string, type: string, side: string, rcode = ""): number {
  return add(tables, [name, type, side, rcode]);
}

export function question(tables: HistoryTables, text: number): readonly string[] {
  return read(tables, text);
}

function add(tables: HistoryTables, parts: readonly (string | number | undefined)[]): number {
  return tables.addText(parts.map((part) => String(part ?? "").replaceAll(SEPARATOR, "?")).join(SEPARATOR));
}

/** Nothing for number 0: what found no room. */
function read(tables: HistoryTables, text: number): readonly string[] {
  return text === 0
    ? []
    : tables.strings
        .text(text)
        .split(SEPARATOR)
        .map((part) => printable(part));
}

import type { ConnectFailure, ConnectionEnd } from "./connection.ts";
import { type ConnectionRecord, Flag } from "./connection-records.ts";

/** include/net/tcp_states.h, by the names that `ss` has for them. */
const names: readonly string[] = [
  "UNKNOWN",
  "ESTAB",
  "SYN-SENT",
  "SYN-RECV",
  "FIN-WAIT-1",
  "FIN-WAIT-2",
  "TIME-WAIT",
  "UNCONN",
  "CLOSE-WAIT",
  "LAST-ACK",
  "LISTEN",
  "CLOSING",
];

export function stateName(state: number): string {
  return names[state] ?? "UNKNOWN";
}

/** include/uapi/asm-generic/errno.h and errno-base.h */
const failures: Readonly<Record<number, ConnectFailure>> = {
  0: "cancelled",
  1: "denied", // EPERM: netfilter, BPF
  2: "not-found", // ENOENT
  11: "busy", // EAGAIN: the queue of a Unix socket is full
  13: "denied", // EACCES
  99: "no-address", // EADDRNOTAVAIL: no port is left, too
  100: "unreachable", // ENETDOWN
  101: "unreachable", // ENETUNREACH
  104: "reset", // ECONNRESET
  110: "timeout", // ETIMEDOUT
  111: "refused", // ECONNREFUSED
  112: "unreachable", // EHOSTDOWN
  113: "unreachable", // EHOSTUNREACH
};

/** @param errno 0 where the socket was closed before there was an answer */
export function connectFailure(errno: number): ConnectFailure {
  return failures[errno] ?? "other";
}

const ETIMEDOUT = 110;

/** How a TCP connection ended. */
export function connectionEnd({ flags, error }: Pick<ConnectionRecord, "flags" | "error">): ConnectionEnd | undefined {
  if (flags & Flag.resetReceived) return "reset-received";
  if (error === ETIMEDOUT) return "timeout";
  if (flags & Flag.resetSent) return "reset-sent";
  if (error !== 0) return "error";
  if (flags & Flag.localClosed) return "local";
  return flags & Flag.peerClosed ? "peer" : undefined;
}

export type {
  ConnectFailure,
  Connection,
  ConnectionClosed,
  ConnectionEnd,
  ConnectionEvent,
  ConnectionFailed,
  ConnectionIncompleteReason,
  ConnectionLossReason,
  ConnectionOpened,
  ConnectionReport,
  ConnectionRole,
  Listener,
  LiveConnection,
  PeerTotals,
  PeerTraffic,
  TcpTraffic,
} from "./connection.ts";
export { ConnectionTracer } from "./connection-tracer.ts";
export type { ConnectionTracerLimits, ConnectionTracerOptions } from "./connection-tracer-options.ts";

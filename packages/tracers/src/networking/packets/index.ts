export type {
  DropStatistics,
  FlowStatistics,
  InterfaceStatistics,
  NetworkInterface,
  NetworkProtocol,
  PacketCounts,
  PacketDirection,
  PacketIncompleteReason,
  PacketLossReason,
  PacketReport,
  RetransmitStatistics,
  RttBucket,
  RttHistogram,
  TransportProtocol,
} from "./packet-report.ts";
export { NO_REASON } from "./packet-report.ts";
export { PacketTracer } from "./packet-tracer.ts";
export type { PacketTracerLimits, PacketTracerOptions } from "./packet-tracer-options.ts";

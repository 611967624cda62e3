import { readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Workload } from "../../../profiling/testing/workload.ts";
import { noteLeftOut } from "../../../testing/exact-test.ts";
import { addPackets, noPackets } from "../packet-counts.ts";
import type { InterfaceStatistics, PacketCounts, PacketReport } from "../packet-report.ts";
import { PacketTracer } from "../packet-tracer.ts";
import type { PacketTracerOptions } from "../packet-tracer-options.ts";

const scenariosPath = fileURLToPath(new URL("scenarios.mjs", import.meta.url));

/**
 * A scenario alone in a network namespace that has but `lo`. The MTU is a usual one: `lo` would hardly have large packets.
 * And TCP sends nothing again just since its peer takes its time.
 */
export function scenario(name: string, ...args: readonly string[]): Workload {
  const script = `ip link set lo up && ip link set lo mtu 1500 && echo 0 > /proc/sys/net/ipv4/tcp_early_retrans && exec "$@"`;
  return new Workload("unshare", ["-n", "sh", "-c", script, "sh", process.execPath, scenariosPath, name, ...args]);
}

/** What a scenario did, in its namespace alone, and what the kernel counted of it. */
export interface TracedScenario {
  readonly report: PacketReport;
  readonly networkNamespace: number;
  readonly counted: Readonly<Record<string, number>>;
}

export async function traceScenario(workload: Workload, options: PacketTracerOptions = {}): Promise<TracedScenario> {
  await workload.ready;
  const networkNamespace = namespaceOf(workload.pid);
  await using tracer = await PacketTracer.start(options);
  workload.release();
  const counted = JSON.parse(await workload.lastLine);
  tracer.stop();
  return { report: await takeReport(tracer), networkNamespace, counted };
}

export function namespaceOf(pid: number): number {
  return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0]);
}

/** Sum of those that are asked for. */
export function sumOf<Row extends PacketCounts>(rows: readonly Row[], wanted: (row: Row) => boolean): PacketCounts {
  const sum = noPackets();
  for (const row of rows) if (wanted(row)) addPackets(sum, row);
  return sum;
}

export function isIn(networkNamespace: number, name = "lo"): (row: Pick<InterfaceStatistics, "interface">) => boolean {
  return (row) => row.interface.networkNamespace === networkNamespace && row.interface.name === name;
}

/** What was counted since the last time; for tests of exact numbers. */
export async function takeReport(tracer: PacketTracer): Promise<PacketReport> {
  const report = await tracer.snapshot();
  noteLeftOut(report);
  return report;
}

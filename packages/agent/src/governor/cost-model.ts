import { availableParallelism } from "node:os";
import type { RequestReport } from "@skep/tracers/networking";
import type { NetworkRound, Round, TracerName } from "../pipeline/round.ts";
import { sumOf } from "../pipeline/running-tracer.ts";
import type { TracerSettings } from "../pipeline/tracer-settings.ts";
import type { CostByTracer } from "./budget-keeper.ts";

/** What the programs of one tracer did while BPF statistics were on. */
export interface Calibration {
  readonly name: TracerName;
  readonly nsPerRun: number;
  readonly runsPerSecond: number;
}

/**
 * Nanoseconds per run until they are measured here, or where nobody may: BPF statistics take CAP_SYS_ADMIN. Measured on
 * two CPUs of a busy virtual machine, Linux 6.18.
 */
const UNCALIBRATED_NS: Readonly<Record<TracerName, number>> = {
  cpu: 20_000,
  "off-cpu": 1000,
  syscalls: 100,
  processes: 30,
  files: 75,
  network: 90,
};

/** Estimates what the BPF programs of each tracer cost: how often they run by the reports, times what one run takes. */
export class CostModel {
  readonly #calibrations = new Map<TracerName, Calibration>();
  readonly #cpuCount: number;
  /** Of all processes, when that was last known. */
  #callsPerSecond = 0;

  constructor(cpuCount: number = availableParallelism()) {
    this.#cpuCount = cpuCount;
  }

  calibrate(calibration: Calibration): void {
    this.#calibrations.set(calibration.name, calibration);
  }

  /** Its settings changed: other programs run now. */
  forget(name: TracerName): void {
    this.#calibrations.delete(name);
  }

  /** As parts of the machine, of those tracers that were on. */
  bpfShares(round: Round, running: TracerSettings): CostByTracer {
    const seconds = round.durationNs / 1e9;
    if (round.syscalls !== undefined) {
      const calls = round.syscalls.syscalls.reduce((sum, { calls }) => sum + calls, 0);
      this.#callsPerSecond = (calls + sumOf(round.syscalls.lost)) / seconds;
    }
    const runs = this.#runsPerSecond(round, running, seconds);
    const shares: Partial<Record<TracerName, number>> = {};
    for (const { name, state } of round.tracers) {
      if (state === "off") continue;
      const calibration = this.#calibrations.get(name);
      const nsPerRun = calibration?.nsPerRun ?? UNCALIBRATED_NS[name];
      shares[name] = (nsPerRun * Math.max(runs[name], 0)) / 1e9 / this.#cpuCount;
    }
    return shares;
  }

  /** The hooks at system calls run for all of them, whatever comes of it. */
  #runsPerSecond(round: Round, running: TracerSettings, seconds: number): Readonly<Record<TracerName, number>> {
    const { cpu, offCpu, processes, network } = round;
    const calls = this.#callsPerSecond;
    const execFailures = running.processes?.execFailures ?? true;
    const latencies = running.syscalls?.latencies ?? true;
    return {
      cpu: (cpu?.sampleCount ?? 0) / seconds,
      "off-cpu": this.#calibrations.get("off-cpu")?.runsPerSecond ?? (2 * (offCpu?.sampleCount ?? 0)) / seconds,
      syscalls: latencies ? 2 * calls : calls,
      processes: (execFailures ? calls : 0) + (processes?.events.length ?? 0) / seconds,
      // Without the tracer of system calls only BPF statistics tell how often it runs.
      network: networkRuns(calls, seconds, running, network) ?? this.#calibrations.get("network")?.runsPerSecond ?? 0,
      files: calls > 0 ? 2 * calls : (this.#calibrations.get("files")?.runsPerSecond ?? 0),
    };
  }
}

/** Requests are looked for at both ends of each system call, connections at its end; each packet is seen once or twice. */
function networkRuns(
  calls: number,
  seconds: number,
  { network: settings = {} }: TracerSettings,
  round: NetworkRound | undefined,
): number | undefined {
  const { connections = true, requests = true } = settings;
  const needsCalls = connections !== false || requests !== false;
  if (needsCalls && calls === 0) return undefined;
  const ofCalls = (requests === false ? 0 : 2 * calls) + (connections === false ? 0 : calls);
  const packets = round?.report.packets?.interfaces.reduce((sum, { buffers }) => sum + buffers, 0) ?? 0;
  return ofCalls + (2 * packets) / seconds;
}

function networkRows({ report: { connections, requests, packets }, requests: single }: NetworkRound): number {
  const ofRequests =
    requests === undefined ? 0 : requests.requests.length + requests.dns.length + requests.flows.length;
  const ofConnections = connections === undefined ? 0 : connections.connections.length + connections.peers.length;
  return ofRequests + ofConnections + (packets?.interfaces.length ?? 0) + single.length + requestCount(requests) / 10;
}

/** Each has gone through user space: a tenth of what a row costs. */
function requestCount(report: RequestReport | undefined): number {
  return report?.requests.reduce((sum, { requests }) => sum + requests, 0) ?? 0;
}

/** Which tracer makes how much of the agent's work: as many rows as it hands over have to be named, kept and sent. */
export function agentParts({ cpu, offCpu, syscalls, files, processes, network }: Round): CostByTracer {
  const rows: Readonly<Record<TracerName, number>> = {
    cpu: cpu?.samples.length ?? 0,
    "off-cpu": offCpu?.samples.length ?? 0,
    syscalls: syscalls?.processes.reduce((sum, { syscalls }) => sum + syscalls.length, 0) ?? 0,
    processes: processes?.events.length ?? 0,
    files: files?.files.length ?? 0,
    network: network === undefined ? 0 : networkRows(network),
  };
  const all = sumOf(rows);
  if (all === 0) return {};
  const parts: Partial<Record<TracerName, number>> = {};
  for (const [name, count] of Object.entries(rows) as [TracerName, number][]) if (count > 0) parts[name] = count / all;
  return parts;
}

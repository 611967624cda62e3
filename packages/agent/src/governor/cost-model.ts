import { availableParallelism } from "node:os";
import type { RequestReport } from "@skep/tracers/networking";
import type { NetworkRound, Round, TracerName } from "../pipeline/round.ts";
import { sumOf } from "../pipeline/running-tracer.ts";
import type { TracerSettings } from "../pipeline/tracer-settings.ts";
import type { AgentEstimate, CostByTracer } from "./budget-keeper.ts";

/**
 * Nanoseconds per run, measured on two CPUs of a busy virtual machine, Linux 6.18. Where BPF statistics tell what the
 * runs take here, which needs CAP_SYS_ADMIN, it is their proportions that count.
 */
const NS_PER_RUN: Readonly<Record<TracerName, number>> = {
  cpu: 20_000,
  "off-cpu": 1000,
  syscalls: 250,
  processes: 90,
  files: 250,
  network: 200,
};

/** Of the agent for the rounds themselves, per second, as soon as anything is on. */
const NS_OF_AGENT = 3_500_000;

/** No machine is faster or slower by more: what says so was measured while hardly anything ran. */
const MOST_FACTOR = 5;

/** Without the tracer of system calls nobody counts them: after so long it is not known any more how many there are. */
const CALLS_KNOWN_NS = 10 * 60e9;

/**
 * What the BPF programs of each tracer cost: how often they run by the reports, times what one run takes. A round in which
 * BPF statistics are on tells how far off that is on this machine.
 */
export class CostModel {
  /** What was measured, by what was estimated for the same round. */
  readonly #factors = new Map<TracerName, number>();
  /** What was measured, in nanoseconds per second, for when nothing tells how often the programs run. */
  readonly #measured = new Map<TracerName, number>();
  readonly #cpuCount: number;
  /** Of all processes, when that was last known. */
  #callsPerSecond = 0;
  #callsKnownForNs = 0;

  constructor(cpuCount: number = availableParallelism()) {
    this.#cpuCount = cpuCount;
  }

  /**
   * As parts of the machine, of those tracers that were on.
   *
   * @param measured nanoseconds in the programs of a tracer, in this round, of those for which that is known
   */
  bpfShares(round: Round, running: TracerSettings, measured: CostByTracer = {}): CostByTracer {
    const seconds = round.durationNs / 1e9;
    this.#countCalls(round, seconds);
    const runs = this.#runsPerSecond(round, running, seconds);
    const shares: Partial<Record<TracerName, number>> = {};
    for (const { name, state } of round.tracers) {
      if (state === "off") continue;
      const runsPerSecond = runs[name];
      const estimate = runsPerSecond === undefined ? undefined : NS_PER_RUN[name] * runsPerSecond;
      const measuredNs = measured[name];
      if (measuredNs !== undefined) this.#calibrate(name, measuredNs / seconds, estimate);
      const nsPerSecond = estimate === undefined ? (this.#measured.get(name) ?? 0) : estimate * this.#factorOf(name);
      shares[name] = nsPerSecond / 1e9 / this.#cpuCount;
    }
    return shares;
  }

  /** Of the agent, as parts of the machine: by what it had to do in this round. */
  agentEstimate(round: Round): AgentEstimate {
    const perSecond = this.#usualFactor() / 1e9 / this.#cpuCount;
    const seconds = round.durationNs / 1e9;
    const byTracer: Partial<Record<TracerName, number>> = {};
    for (const [name, ns] of agentNs(round)) if (ns > 0) byTracer[name] = (ns / seconds) * perSecond;
    return { byTracer, base: NS_OF_AGENT * perSecond };
  }

  #calibrate(name: TracerName, nsPerSecond: number, estimate: number | undefined): void {
    this.#measured.set(name, nsPerSecond);
    if (estimate !== undefined && estimate > 0) this.#factors.set(name, nsPerSecond / estimate);
  }

  /** A tracer that was never measured is as far off as most others. */
  #factorOf(name: TracerName): number {
    return this.#factors.get(name) ?? this.#usualFactor();
  }

  /** How many times as long as where the estimates come from anything takes here. */
  #usualFactor(): number {
    const factors = [...this.#factors.values()].sort((a, b) => a - b);
    const median = factors[factors.length >> 1] ?? 1;
    return Math.min(Math.max(median, 1 / MOST_FACTOR), MOST_FACTOR);
  }

  #countCalls({ syscalls, durationNs }: Round, seconds: number): void {
    if (syscalls === undefined) {
      this.#callsKnownForNs -= durationNs;
      if (this.#callsKnownForNs <= 0) this.#callsPerSecond = 0;
      return;
    }
    const calls = syscalls.syscalls.reduce((sum, { calls }) => sum + calls, 0);
    this.#callsPerSecond = (calls + sumOf(syscalls.lost)) / seconds;
    this.#callsKnownForNs = CALLS_KNOWN_NS;
  }

  /** The hooks at system calls run for all of them, whatever comes of it. */
  #runsPerSecond(
    round: Round,
    running: TracerSettings,
    seconds: number,
  ): Readonly<Record<TracerName, number | undefined>> {
    const { cpu, offCpu, processes, network } = round;
    const calls = this.#callsPerSecond > 0 ? this.#callsPerSecond : undefined;
    const events = (processes?.events.length ?? 0) / seconds;
    const execFailures = running.processes?.execFailures ?? true;
    const latencies = running.syscalls?.latencies ?? true;
    const each = (count: number, more: number = 0) => (calls === undefined ? undefined : count * calls + more);
    return {
      cpu: (cpu?.sampleCount ?? 0) / seconds,
      "off-cpu": (2 * (offCpu?.sampleCount ?? 0)) / seconds,
      syscalls: each(latencies ? 2 : 1),
      processes: execFailures ? each(1, events) : events,
      files: each(2),
      network: networkRuns(calls, seconds, running, network),
    };
  }
}

/** Requests are looked for at both ends of each system call, connections at its end; each packet is seen once or twice. */
function networkRuns(
  calls: number | undefined,
  seconds: number,
  { network: settings = {} }: TracerSettings,
  round: NetworkRound | undefined,
): number | undefined {
  const { connections = true, requests = true } = settings;
  const callEnds = (requests === false ? 0 : 2) + (connections === false ? 0 : 1);
  if (callEnds > 0 && calls === undefined) return undefined;
  const packets = round?.report.packets?.interfaces.reduce((sum, { buffers }) => sum + buffers, 0) ?? 0;
  return callEnds * (calls ?? 0) + (2 * packets) / seconds;
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

/**
 * Nanoseconds of the agent for a row, by what each tracer alone took beside the load of `npm run bench:overhead`, on the
 * machine of {@link NS_PER_RUN}: stacks have to be named, requests put together, programs that are new looked at.
 */
const NS_PER_ROW: Readonly<Record<TracerName, number>> = {
  cpu: 350_000,
  "off-cpu": 350_000,
  syscalls: 40_000,
  processes: 90_000,
  files: 215_000,
  network: 370_000,
};

/** How long the rows of each tracer take the agent, to be named, kept and sent. */
function agentNs({ cpu, offCpu, syscalls, files, processes, network }: Round): Map<TracerName, number> {
  const rows: Readonly<Record<TracerName, number>> = {
    cpu: cpu?.samples.length ?? 0,
    "off-cpu": offCpu?.samples.length ?? 0,
    syscalls: syscalls?.processes.reduce((sum, { syscalls }) => sum + syscalls.length, 0) ?? 0,
    processes: processes?.events.length ?? 0,
    files: files?.files.length ?? 0,
    network: network === undefined ? 0 : networkRows(network),
  };
  return new Map(
    (Object.entries(rows) as [TracerName, number][]).map(([name, count]) => [name, count * NS_PER_ROW[name]]),
  );
}

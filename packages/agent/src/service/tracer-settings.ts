import type { TargetOptions } from "@skep/tracers";
import type { Settings } from "../config/settings.ts";
import type { NetworkSettings, TracerSettings } from "../pipeline/tracer-settings.ts";

type NetworkKeys = Settings["tracers"]["network"];

// What the agent gives the tracer of the network, 6 MB of kernel memory by default: all of Skep may take 50.

/** Of the events of connections, which nobody reads one by one. */
const CONNECTION_RING_BYTES = 256 * 1024;
/** Connections whose requests are not followed, since they carry none, are as many again, and more. */
const CONNECTIONS_PER_STREAM = 4;
/** At 600 bytes each. */
const THREADS = 2048;
const FLOWS = 512;
const ROWS = 2048;

/**
 * What each tracer is to do: the words of the configuration in those of the tracers.
 *
 * @param spansAreSent whether anybody gets single requests
 */
export function tracerSettings(
  { tracers, targets }: Pick<Settings, "tracers" | "targets">,
  spansAreSent: boolean,
): TracerSettings {
  const { cpu, offCpu, syscalls, processes, files, network } = tracers;
  const target = targetOptions(targets);
  return {
    ...(cpu.enabled && { cpu: { ...target, frequencyHz: cpu.frequencyHz } }),
    ...(offCpu.enabled && { "off-cpu": target }),
    ...(syscalls.enabled && {
      syscalls: {
        ...target,
        latencies: syscalls.latencies,
        ...(syscalls.calls.length > 0 && { calls: syscalls.calls }),
      },
    }),
    ...(processes.enabled && { processes: { ...target, execFailures: processes.execFailures } }),
    ...(files.enabled && {
      files: {
        ...target,
        ...(files.slowMs > 0 && { slowNs: files.slowMs * 1e6 }),
        ...(files.fileSystems.length > 0 && { fileSystems: files.fileSystems }),
      },
    }),
    ...(network.enabled && { network: { ...target, ...networkSettings(network, spansAreSent) } }),
  };
}

function networkSettings(
  {
    connections,
    requests,
    http,
    packets,
    tls,
    tlsHitsPerSecond,
    keepQuery,
    spansPerRound,
    streams,
    ringKilobytes,
  }: NetworkKeys,
  spansAreSent: boolean,
): NetworkSettings {
  return {
    connections: connections && {
      limits: { connections: CONNECTIONS_PER_STREAM * streams, ringBytes: CONNECTION_RING_BYTES, peers: ROWS },
    },
    requests: requests && {
      http,
      tls: tls && { maxHitsPerSecond: tlsHitsPerSecond },
      keepQuery,
      byServer: true,
      ringBytes: ringKilobytes * 1024,
      limits: { streams, threads: Math.max(THREADS, streams), flows: FLOWS, rows: ROWS },
    },
    // Who talks to whom is told by connections.
    packets: packets && { flows: false },
    singleRequests: requests && spansAreSent ? spansPerRound : 0,
  };
}

function targetOptions({ pids, cgroup }: Settings["targets"]): TargetOptions {
  return { ...(pids.length > 0 && { pids }), ...(cgroup !== undefined && { cgroupPath: cgroup }) };
}

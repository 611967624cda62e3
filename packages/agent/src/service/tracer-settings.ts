import type { TargetOptions } from "@skep/tracers";
import type { Settings } from "../config/settings.ts";
import type { TracerSettings } from "../pipeline/tracer-settings.ts";

/** What each tracer is to do: the words of the configuration in those of the tracers. */
export function tracerSettings({ tracers, targets }: Pick<Settings, "tracers" | "targets">): TracerSettings {
  const { cpu, offCpu, syscalls, processes, files } = tracers;
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
  };
}

function targetOptions({ pids, cgroup }: Settings["targets"]): TargetOptions {
  return { ...(pids.length > 0 && { pids }), ...(cgroup !== undefined && { cgroupPath: cgroup }) };
}

import { readFileSync } from "node:fs";
import { availableParallelism, loadavg, release } from "node:os";

/** More than this many runnable threads a minute, and the numbers are those of a busy machine. */
const QUIET_LOAD = 0.5;

/** What the numbers depend on, without what names the host. */
export function describeMachine(): string {
  const model = /^model name\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "latin1"))?.[1] ?? process.arch;
  const kernel = /^\d+\.\d+/.exec(release())?.[0] ?? "";
  return `${availableParallelism()} CPUs (${model}), Linux ${kernel}, Node.js ${process.versions.node}`;
}

/** Undefined on a machine that is quiet. Asked before the benches, which make load of their own. */
export function describeForeignLoad(): string | undefined {
  const [load = 0] = loadavg();
  if (load <= QUIET_LOAD) return undefined;
  return `The machine was busy with other things (load ${load.toFixed(1)}): these numbers are worse than they should be.`;
}

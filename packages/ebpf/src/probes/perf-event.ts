import { BpfError } from "../errors.ts";
import { defaultSys } from "../sys/default-sys.ts";
import type { Sys } from "../sys/sys.ts";
import type { AttachableProgram, Link } from "./link.ts";
import { attachToPerfEvent } from "./perf-link.ts";

export interface PerfEventAttachOptions {
  /** `PERF_TYPE_*`: see `PerfType`. */
  readonly type: number;
  /** What to count: `PerfHardware.CPU_CYCLES`, `PerfSoftware.CPU_CLOCK` ... */
  readonly config: number | bigint;
  /** Samples a second; at most kernel.perf_event_max_sample_rate. Either this or `period`. */
  readonly frequencyHz?: number;
  /** Events between two samples (nanoseconds for clocks). */
  readonly period?: number | bigint;
  /** Process to sample; all by default. */
  readonly pid?: number;
  /** CPU to sample; needed where `pid` is not given, and at most one of them can be left out. */
  readonly cpu?: number;
  readonly excludeIdle?: boolean;
  readonly excludeKernel?: boolean;
  readonly excludeUser?: boolean;
  readonly excludeHypervisor?: boolean;
  /** With `pid`: its threads and children too. */
  readonly inherit?: boolean;
  readonly cookie?: bigint;
  readonly sys?: Sys;
}

/**
 * Runs a program on each sample of a perf event, on one CPU or in one process.
 *
 * @throws {BpfError} `not-found` when the CPU is offline or the process gone, `not-supported` where there is no such
 * event (hardware events in a virtual machine), `not-permitted` without CAP_PERFMON
 */
export function attachPerfEvent(program: AttachableProgram, options: PerfEventAttachOptions): Link {
  const { frequencyHz, period, pid = -1, cpu = -1 } = options;
  if (pid === -1 && cpu === -1) throw new BpfError("invalid-argument", "a perf event needs a CPU, a process, or both");
  if ((frequencyHz === undefined) === (period === undefined)) {
    throw new BpfError("invalid-argument", "a perf event needs either a frequency or a period");
  }
  if (frequencyHz !== undefined && !(Number.isInteger(frequencyHz) && frequencyHz > 0)) {
    throw new BpfError(
      "invalid-argument",
      `the frequency must be a positive whole number of hertz, not ${frequencyHz}`,
    );
  }
  const where = [...(cpu === -1 ? [] : [`on CPU ${cpu}`]), ...(pid === -1 ? [] : [`of process ${pid}`])].join(" ");
  return attachToPerfEvent(
    options.sys ?? defaultSys(),
    program,
    {
      type: options.type,
      config: BigInt(options.config),
      sampling: frequencyHz === undefined ? { period: BigInt(period ?? 0) } : { frequencyHz },
      pid,
      cpu,
      disabled: true,
      inherit: options.inherit ?? false,
      excludeIdle: options.excludeIdle ?? false,
      excludeKernel: options.excludeKernel ?? false,
      excludeUser: options.excludeUser ?? false,
      excludeHypervisor: options.excludeHypervisor ?? false,
    },
    options.cookie ?? 0n,
    `attaching "${program.name}" to a perf event ${where}`,
  );
}

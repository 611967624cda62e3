import { BpfError } from "@skep/ebpf";
import type { TargetOptions } from "../../filters/target-options.ts";

export interface ConnectionTracerOptions extends TargetOptions {
  /** How much is kept; for machines with many connections, and for tests of what happens when it is full. */
  readonly limits?: Partial<ConnectionTracerLimits>;
}

export interface ConnectionTracerLimits {
  /** Connections and listening sockets at the same time, at some 150 bytes of kernel memory each. Defaults to 16,384. */
  readonly connections: number;
  /** Size of the ring buffer, rounded up to a power of two. Defaults to 1 MiB. */
  readonly ringBytes: number;
  /** Processes x peers in a report. Defaults to 4,096. */
  readonly peers: number;
}

const defaults: ConnectionTracerLimits = { connections: 16_384, ringBytes: 1024 * 1024, peers: 4096 };

/** @throws BpfError `invalid-argument` for a limit that is no whole number from 1 */
export function connectionTracerLimits({ limits = {} }: ConnectionTracerOptions): ConnectionTracerLimits {
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new BpfError("invalid-argument", `${value} is no limit for ${name}`, { hint: "give a whole number from 1" });
  }
  return { ...defaults, ...limits };
}

import { readFileSync } from "node:fs";

/** Bit numbers of the capabilities that eBPF and tracing ask for (include/uapi/linux/capability.h). */
const CAPABILITY_BITS = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_NET_ADMIN: 12,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_SYSLOG: 34,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;

export type Capability = keyof typeof CAPABILITY_BITS;

/** The set of these capabilities, as the kernel writes it: bit N is capability N. */
export function capabilitySet(capabilities: Iterable<Capability>): bigint {
  let set = 0n;
  for (const capability of capabilities) set |= 1n << BigInt(CAPABILITY_BITS[capability]);
  return set;
}

/** The effective capability set of a process: bit N is capability N. */
export function effectiveCapabilities(pid: number | "self" = "self"): bigint {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const match = /^CapEff:\s*([0-9a-f]+)$/m.exec(status);
  return BigInt(`0x${match?.[1] ?? "0"}`);
}

/**
 * Those of `needed` that are missing from `effective`. CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON, which were cut
 * out of it in 5.8.
 */
export function missingCapabilities(needed: readonly Capability[], effective: bigint): Capability[] {
  const has = (capability: Capability) => (effective >> BigInt(CAPABILITY_BITS[capability])) % 2n === 1n;
  const isAdmin = has("CAP_SYS_ADMIN");
  return needed.filter((capability) => {
    if (isAdmin && (capability === "CAP_BPF" || capability === "CAP_PERFMON")) return false;
    return !has(capability);
  });
}

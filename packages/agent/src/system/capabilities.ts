import { type Capability, effectiveCapabilities, missingCapabilities } from "@skep/ebpf/sys";

/** What Skep wants each capability for, the ones it cannot do without first. */
export const wantedCapabilities: readonly {
  readonly name: Capability;
  readonly required: boolean;
  /** What it is for, and so what is lost without it. */
  readonly purpose: string;
}[] = [
  { name: "CAP_BPF", required: true, purpose: "load BPF programs and maps" },
  { name: "CAP_PERFMON", required: true, purpose: "sample and trace every process" },
  { name: "CAP_SYS_PTRACE", required: false, purpose: "name the functions of other users' processes" },
  { name: "CAP_DAC_READ_SEARCH", required: false, purpose: "read programs that only their owner may read" },
  { name: "CAP_SYSLOG", required: false, purpose: "name kernel functions" },
];

/** What `setcap` has to grant, as a line for a shell. */
export const SETCAP_LINE: string = `setcap ${wantedCapabilities
  .map(({ name }) => name.toLowerCase())
  .join(",")}+ep "$(command -v node)"`;

/** Those of {@link wantedCapabilities} that this process does not have. */
export function missingWanted(effective: bigint = effectiveCapabilities()): ReadonlySet<Capability> {
  const names = wantedCapabilities.map(({ name }) => name);
  return new Set(missingCapabilities(names, effective));
}

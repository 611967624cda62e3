import { readFileSync } from "node:fs";

/** Bit numbers of `include/uapi/linux/capability.h`. */
const BITS = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_SYSLOG: 34,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;

export type CapabilityName = keyof typeof BITS;

/** What Skep wants each capability for, the ones it cannot do without first. */
export const wantedCapabilities: readonly {
  readonly name: CapabilityName;
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

/** What `setcap` has to grant, in its own notation. */
export const SETCAP_LINE: string = `setcap ${wantedCapabilities
  .map(({ name }) => name.toLowerCase())
  .join(",")}+ep "$(command -v node)"`;

/** The effective capabilities of this process, asked once. */
export class Capabilities {
  readonly #effective: bigint;

  /** @param status text of a `/proc/PID/status` */
  constructor(status: string = readFileSync("/proc/self/status", "utf8")) {
    const digits = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
    if (digits === undefined) throw new Error("/proc/self/status has no line CapEff");
    this.#effective = BigInt(`0x${digits}`);
  }

  /** CAP_SYS_ADMIN stands in for CAP_BPF and CAP_PERFMON, which were split from it in 5.8. */
  has(name: CapabilityName): boolean {
    if ((name === "CAP_BPF" || name === "CAP_PERFMON") && this.#holds("CAP_SYS_ADMIN")) return true;
    return this.#holds(name);
  }

  /** The capabilities without which nothing works and that this process does not have. */
  get missing(): CapabilityName[] {
    return wantedCapabilities.filter(({ name, required }) => required && !this.has(name)).map(({ name }) => name);
  }

  #holds(name: CapabilityName): boolean {
    return ((this.#effective >> BigInt(BITS[name])) & 1n) === 1n;
  }
}

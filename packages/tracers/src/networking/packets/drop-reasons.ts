import { type Btf, BtfKind } from "@skep/ebpf/btf";
import { NO_REASON } from "./packet-report.ts";

/** `REASON_NONE` of drops.h. */
const REASON_NONE = 0xffff_ffff;

/** All reasons are numbers of one space, of which the upper half says whose they are. */
const REASON_ENUMS = ["skb_drop_reason", "qdisc_drop_reason", "ovs_drop_reason", "mac80211_drop_reason"];

/** Limits and masks among the reasons. */
const NOT_A_REASON = /_MAX$|_MASK$|_SUBSYS_|^__/;

/** What the kernel calls its reasons to throw a packet away. */
export class DropReasons {
  readonly #names: ReadonlyMap<number, string>;

  private constructor(names: ReadonlyMap<number, string>) {
    this.#names = names;
  }

  /** As this kernel has them: their numbers are not part of its ABI. */
  static of(kernel: Pick<Btf, "findByName" | "type">): DropReasons {
    const names = new Map<number, string>();
    for (const enumName of REASON_ENUMS) {
      const id = kernel.findByName(enumName, BtfKind.enum);
      const type = id === undefined ? undefined : kernel.type(id);
      if (type?.kind !== BtfKind.enum) continue;
      for (const { name, value } of type.values) {
        const reason = Number(BigInt.asUintN(32, value));
        if (NOT_A_REASON.test(name) || names.has(reason)) continue;
        names.set(reason, name.replace(/^SKB_(DROP_REASON_)?/, ""));
      }
    }
    return new DropReasons(names);
  }

  /** One that the kernel has no name for, as those of modules, is a number: `0x30001`. */
  name(reason: number): string {
    if (reason === REASON_NONE) return NO_REASON;
    return this.#names.get(reason) ?? `0x${reason.toString(16)}`;
  }
}

/** Whether a reason says that a packet was not dropped, as it should never be seen. */
export function isNoDrop(name: string): boolean {
  return name === "CONSUMED" || name === "NOT_DROPPED_YET";
}

/** Whether it says nothing. */
export function isUnspecified(name: string): boolean {
  return name === "NOT_SPECIFIED";
}

import { readFileSync } from "node:fs";
import { BpfError } from "../errors.ts";

/** A source of perf events whose number is chosen at boot: `kprobe`, `uprobe`. */
export interface DynamicPmu {
  /** For `perf_event_attr.type`. */
  readonly type: number;
  /** Bit of `config` that asks for the return of the function instead of its entry. */
  readonly returnBit: bigint;
}

/** @throws {BpfError} `not-supported` on a kernel built without it */
export function dynamicPmu(name: "kprobe" | "uprobe"): DynamicPmu {
  const directory = `/sys/bus/event_source/devices/${name}`;
  try {
    const type = Number(readFileSync(`${directory}/type`, "latin1"));
    const format = readFileSync(`${directory}/format/retprobe`, "latin1");
    const bit = /^config:(\d+)$/.exec(format.trim())?.[1] ?? "0";
    return { type, returnBit: 1n << BigInt(bit) };
  } catch (cause) {
    const option = name === "kprobe" ? "CONFIG_KPROBES" : "CONFIG_UPROBES";
    throw new BpfError("not-supported", `this kernel has no ${name}s`, {
      hint: `it is built without ${option}, or without perf events`,
      cause,
    });
  }
}

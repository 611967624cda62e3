import { BpfError } from "../errors.ts";
import { cString } from "../sys/attributes.ts";
import { onlineCpus } from "../sys/cpus.ts";
import { defaultSys } from "../sys/default-sys.ts";
import type { Sys } from "../sys/sys.ts";
import type { AttachableProgram, Link } from "./link.ts";
import { attachToPerfEvent } from "./perf-link.ts";
import { dynamicPmu } from "./pmu.ts";
import { functionFileOffset } from "./uprobe-target.ts";

export interface UprobeOptions {
  /** Executable or library, as this process sees it: `/proc/PID/root/...` for a container's. */
  readonly path: string;
  /** Function to look up in its symbol tables. Either this or `offset`. */
  readonly symbol?: string;
  /** Byte offset in the file; with `symbol` bytes from its start. */
  readonly offset?: number;
  /** Run at the function's return instead of its entry. */
  readonly return?: boolean;
  /** Only in this process; in all by default, those to come included. */
  readonly pid?: number;
  readonly cookie?: bigint;
  /** File offset of a counter (a USDT semaphore) that the kernel raises while the probe is attached; 4.20. */
  readonly referenceCounterOffset?: number;
  readonly sys?: Sys;
}

/**
 * Runs a program at a function of a user-space binary.
 *
 * @throws {BpfError} `not-found` where the file has no such function, `invalid-argument` where it has several
 */
export function attachUprobe(program: AttachableProgram, options: UprobeOptions): Link {
  const { path, symbol, offset = 0, pid = -1, cookie = 0n, referenceCounterOffset = 0, sys = defaultSys() } = options;
  if (symbol === undefined && options.offset === undefined) {
    throw new BpfError("invalid-argument", "a uprobe needs a symbol or an offset");
  }
  const pmu = dynamicPmu("uprobe");
  const event = {
    type: pmu.type,
    config: (options.return === true ? pmu.returnBit : 0n) | (BigInt(referenceCounterOffset) << 32n),
    config1: cString(path),
    config2: BigInt((symbol === undefined ? 0 : functionFileOffset(path, symbol)) + offset),
    pid,
    // Breakpoints hit on any CPU; the event itself has to be somewhere.
    cpu: pid === -1 ? (onlineCpus()[0] ?? 0) : -1,
  };
  const what = options.return === true ? "the return of " : "";
  const where = `${what}${symbol ?? `offset 0x${offset.toString(16)}`} in ${path}`;
  return attachToPerfEvent(sys, program, event, cookie, `attaching "${program.name}" to ${where}`, {
    ENOENT: { code: "not-found", text: "there is no such file" },
    EINVAL: { code: "invalid-argument", text: "it cannot be probed there" },
  });
}

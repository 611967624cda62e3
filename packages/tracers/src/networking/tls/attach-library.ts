import { readFileSync } from "node:fs";
import { attachUprobe, attachUprobeMulti, BpfError, type Program } from "@skep/ebpf";
import { isAtLeast, kernelVersion, probeFeature } from "@skep/ebpf/features";
import { TlsFunctionKind, type TlsProbePoint } from "./tls-functions.ts";

/** The programs of tls.h, of which those are loaded that {@link tlsProgramsOfKernel} names. */
export type TlsProgramName =
  | "on_tls_entry"
  | "on_tls_return"
  | "on_tls_read"
  | "on_tls_write"
  | "on_tls_read_ex"
  | "on_tls_write_ex"
  | "on_tls_write_ex2"
  | "on_tls_receive"
  | "on_tls_send"
  | "on_tls_handshake"
  | "on_tls_end"
  | "on_tls_one_return";

export type TlsPrograms = Readonly<Record<TlsProgramName, Program | undefined>>;

/** For kernels that have no way to attach one program to all functions. */
const ONE_BY_ONE: Readonly<Record<TlsFunctionKind, TlsProgramName>> = {
  [TlsFunctionKind.read]: "on_tls_read",
  [TlsFunctionKind.write]: "on_tls_write",
  [TlsFunctionKind.readEx]: "on_tls_read_ex",
  [TlsFunctionKind.writeEx]: "on_tls_write_ex",
  [TlsFunctionKind.writeEx2]: "on_tls_write_ex2",
  [TlsFunctionKind.receive]: "on_tls_receive",
  [TlsFunctionKind.send]: "on_tls_send",
  [TlsFunctionKind.handshake]: "on_tls_handshake",
  [TlsFunctionKind.end]: "on_tls_end",
};

/**
 * Which of the programs to load: those for many functions at once where the kernel has that (6.6), else one for each kind
 * of function. None where it has no uprobes.
 */
export function tlsProgramsOfKernel(): readonly TlsProgramName[] {
  const compiled = isCompiled();
  // These have a tail call, which a program with functions may have only where it is compiled.
  if (compiled && probeFeature("uprobe-multi").supported) return ["on_tls_entry", "on_tls_return"];
  // The others would be given the private stacks that tls.h keeps these away from: it has come to no kernel that we know.
  if (!probeFeature("uprobe").supported || (compiled && isAtLeast(kernelVersion(), "6.13"))) return [];
  return [...Object.values(ONE_BY_ONE), "on_tls_one_return"];
}

/** Whether the kernel compiles programs: all do by default, and most know nothing else. */
function isCompiled(): boolean {
  try {
    return readFileSync("/proc/sys/net/core/bpf_jit_enable", "latin1").trim() !== "0";
  } catch {
    // Only root may read it.
    return true;
  }
}

/**
 * Attaches to the functions of a library, in their order.
 *
 * @param path of the file
 * @throws BpfError what the kernel says; then none is attached
 */
export function attachLibrary(programs: TlsPrograms, path: string, points: readonly TlsProbePoint[]): Disposable[] {
  const links: Disposable[] = [];
  try {
    const returning = points.filter(({ returns }) => returns);
    if (programs.on_tls_entry !== undefined && programs.on_tls_return !== undefined) {
      // The returns first: a return without an entry is nothing, an entry without a return is a call that is lost.
      const places = returning.map(({ fileOffset }) => ({ offset: fileOffset }));
      links.push(attachUprobeMulti(programs.on_tls_return, { path, places, return: true }));
      const entries = points.map(({ fileOffset, kind }) => ({ offset: fileOffset, cookie: BigInt(kind) }));
      links.push(attachUprobeMulti(programs.on_tls_entry, { path, places: entries }));
      return links;
    }
    for (const { fileOffset: offset } of returning) {
      links.push(attachUprobe(loaded(programs, "on_tls_one_return"), { path, offset, return: true }));
    }
    for (const { fileOffset: offset, kind } of points) {
      links.push(attachUprobe(loaded(programs, ONE_BY_ONE[kind]), { path, offset }));
    }
    return links;
  } catch (error) {
    for (const link of links) link[Symbol.dispose]();
    throw error;
  }
}

function loaded(programs: TlsPrograms, name: TlsProgramName): Program {
  const program = programs[name];
  if (program === undefined) throw new BpfError("not-found", `program "${name}" is not loaded`);
  return program;
}

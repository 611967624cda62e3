import type { JitTier } from "./jit/jit-name.ts";

/** A piece of a process's or the kernel's address space that holds code. */
export interface Mapping {
  /** Short: `libc.so.6`, `[kernel]`, `[vdso]`, `[jit]`, `[anon]`, `[unknown]`. */
  readonly name: string;
  readonly path: string;
  /** Lower-case hexadecimal; absent where the file has none or could not be read. */
  readonly buildId?: string;
  readonly startAddress: bigint;
  /** First address after the mapping. */
  readonly limitAddress: bigint;
  /** Where in the file the mapping starts. */
  readonly fileOffset: bigint;
}

/** One line of a stack, with a name in any case. The same object is given for the same address. */
export interface SymbolizedFrame {
  /** Demangled; `module+0x123` where there is no symbol. Never empty, without control characters. */
  readonly name: string;
  /** As the linker knows it, where that differs. */
  readonly systemName?: string;
  /** Virtual address that was looked up: for return addresses one less than what was given. */
  readonly address: bigint;
  readonly mapping: Mapping;
  readonly kind: "kernel" | "native" | "jit" | "vdso";
  /** False where `name` is only a place in a module. */
  readonly symbolized: boolean;
  /** Source file and line (from 1), where a JIT compiler tells them. */
  readonly file?: string;
  readonly line?: number;
  readonly jitTier?: JitTier;
}

/** The name of a frame without a symbol: `module+0x123`. */
export function placeName(mapping: Mapping, offset: number | bigint): string {
  // Joined: a template makes V8 keep a tree of the parts, twice as large, and there may be thousands of these.
  return [mapping.name, "+0x", offset.toString(16)].join("");
}

export interface LookupOptions {
  /**
   * The address is where a call will return to: the instruction before it is looked up, which is the call. Else a call
   * at the very end of a function would be shown in the next one. Default false.
   */
  readonly isReturnAddress?: boolean;
}

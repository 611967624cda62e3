/** From an address to a function name: kernel, ELF files, vdso, JIT compilers; demangled. */

export type { ProcessImage } from "./address-space.ts";
export { Demangler } from "./demangle/demangler.ts";
export type { LookupOptions, Mapping, SymbolizedFrame } from "./frame.ts";
export type { JitTier } from "./jit/jit-name.ts";
export {
  type KernelRegion,
  type KernelSymbol,
  KernelSymbols,
  type KernelSymbolsOptions,
} from "./kernel/kernel-symbols.ts";
export { printable } from "./printable.ts";
export { containerIdOf } from "./process/container-id.ts";
export { type MemoryRange, parseMaps } from "./process/maps.ts";
export { type ProcessSummary, readProcessSummary } from "./process/read-process.ts";
export { Symbolizer, type SymbolizerOptions } from "./symbolizer.ts";

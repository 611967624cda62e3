import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { bytesSource, ElfFile } from "@skep/ebpf/elf";
import { parseMaps } from "../process/maps.ts";
import { ElfSymbols } from "./elf-symbols.ts";

/** The kernel's largest vdso is a few pages. */
const maxVdsoBytes = 1 << 20;

/**
 * Symbols of the code that the kernel maps into every process. It is in no file: it is read from our own memory, since
 * all 64-bit processes have the same. Undefined on kernels without one.
 */
export function readVdso(): ElfSymbols | undefined {
  const range = parseMaps(readFileSync("/proc/self/maps", "utf8")).find(({ kind }) => kind === "vdso");
  if (range === undefined || range.end - range.start > maxVdsoBytes) return undefined;
  const bytes = new Uint8Array(range.end - range.start);
  const memory = openSync("/proc/self/mem", "r");
  try {
    readSync(memory, bytes, 0, bytes.length, range.start);
  } finally {
    closeSync(memory);
  }
  const source = bytesSource(bytes);
  return new ElfSymbols(ElfFile.parse(source), source, undefined);
}

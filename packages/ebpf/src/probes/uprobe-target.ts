import { closeSync, openSync } from "node:fs";
import { ElfFile } from "../elf/elf-file.ts";
import { fileSource } from "../elf/file-source.ts";
import type { ElfSymbolTable } from "../elf/symbol-table.ts";
import { BpfError } from "../errors.ts";

const PT_LOAD = 1;
const PF_X = 1;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const STB_LOCAL = 0;
const STB_WEAK = 2;

/**
 * Where in the file a function begins: what a uprobe is set on.
 *
 * @throws {BpfError} `not-found`, or `invalid-argument` where several functions have the name
 */
export function functionFileOffset(path: string, symbol: string): number {
  const fd = open(path);
  try {
    const file = ElfFile.parse(fileSource(fd));
    // What a library exports comes first: it is small, and what callers mean by the name.
    for (const which of ["dynsym", "symtab"] as const) {
      const table = file.symbolTable(which);
      const address = table === undefined ? undefined : findFunction(table, symbol, path);
      if (address !== undefined) return toFileOffset(file, address, path, symbol);
    }
    throw new BpfError("not-found", `${path} has no function "${symbol}" in its symbol tables`, {
      hint: "give its offset if the binary is stripped, or probe the library that defines the function",
    });
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw new BpfError("not-found", `cannot open ${path}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Imported functions have address 0. A name may carry its version (`memcpy@@GLIBC_2.14`). Where several functions have it,
 * a global one wins over a weak one and that over local ones, as for the linker.
 */
function findFunction(table: ElfSymbolTable, symbol: string, path: string): number | undefined {
  let best: { readonly rank: number; readonly addresses: Set<number> } | undefined;
  for (let index = 0; index < table.count; index++) {
    const type = table.type(index);
    const address = table.values[index] ?? 0;
    if ((type !== STT_FUNC && type !== STT_GNU_IFUNC) || address === 0) continue;
    const name = table.name(index);
    if (name !== symbol && !name.startsWith(`${symbol}@`)) continue;
    const rank = rankOf(table.binding(index));
    if (best === undefined || rank > best.rank) best = { rank, addresses: new Set([address]) };
    else if (rank === best.rank) best.addresses.add(address);
  }
  if (best === undefined) return undefined;
  if (best.addresses.size > 1) {
    const all = Array.from(best.addresses, (address) => `0x${address.toString(16)}`).join(", ");
    throw new BpfError("invalid-argument", `${path} has several functions "${symbol}", at ${all}`, {
      hint: "give the file offset of the one that is meant",
    });
  }
  return best.addresses.values().next().value;
}

function rankOf(binding: number): number {
  if (binding === STB_LOCAL) return 0;
  return binding === STB_WEAK ? 1 : 2;
}

/** Through the segment that is mapped, which is there in binaries without section headers too. */
function toFileOffset(file: ElfFile, address: number, path: string, symbol: string): number {
  const segment = file.segments.find(
    ({ type, flags, virtualAddress, fileSizeBytes }) =>
      type === PT_LOAD && (flags & PF_X) !== 0 && address >= virtualAddress && address < virtualAddress + fileSizeBytes,
  );
  if (segment === undefined) {
    throw new BpfError("format", `function "${symbol}" of ${path} is not in an executable segment`);
  }
  return address - segment.virtualAddress + segment.offset;
}

import { closeSync } from "node:fs";
import { posix } from "node:path";
import { crc32 } from "node:zlib";
import { type ByteSource, ElfFile, fileSource } from "@skep/ebpf/elf";
import { openRegularFile } from "./open-file.ts";

/** A debug file that belongs to a binary. The one who asked closes the descriptor. */
export interface DebugFile {
  readonly descriptor: number;
  readonly elf: ElfFile;
  readonly source: ByteSource;
}

const globalDirectory = "/usr/lib/debug";
const crcChunkBytes = 1 << 20;
/** A checksum reads all of a file, at about 1 GB/s: larger files are only believed by their build id. */
const maxCrcBytes = 256 * 2 ** 20;

/**
 * The separate debug file of a stripped binary, found as GDB does: by build id below `/usr/lib/debug/.build-id`, else
 * by the name in `.gnu_debuglink` beside the binary, in `.debug` beside it, and below `/usr/lib/debug`. A file counts
 * only when its build id is the same, or where there is none, its checksum is the one in the link.
 *
 * @param path of the binary, as the process sees it.
 * @param roots directories to take for `/`, the process's own first (`/proc/PID/root`); "" is ours.
 */
export function findDebugFile(elf: ElfFile, path: string, roots: readonly string[]): DebugFile | undefined {
  const buildId = elf.buildId();
  const link = elf.debugLink();
  for (const root of roots) {
    for (const candidate of candidatePaths(path, buildId, link?.fileName)) {
      const found = openIfMatching(root + candidate, buildId, link?.crc32);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function candidatePaths(path: string, buildId: string | undefined, linkName: string | undefined): string[] {
  const paths: string[] = [];
  if (buildId !== undefined && buildId.length > 2) {
    paths.push(`${globalDirectory}/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`);
  }
  // The link is a file name; one that leads elsewhere is none.
  if (linkName !== undefined && linkName !== "" && !linkName.includes("/")) {
    const directory = posix.dirname(path);
    paths.push(posix.join(directory, linkName), posix.join(directory, ".debug", linkName));
    paths.push(posix.join(globalDirectory, directory, linkName));
  }
  return paths.filter((candidate) => candidate !== path);
}

function openIfMatching(path: string, buildId: string | undefined, crc: number | undefined): DebugFile | undefined {
  const file = openRegularFile(path);
  if (file === undefined) return undefined;
  try {
    const source = fileSource(file.descriptor);
    const elf = ElfFile.parse(source);
    if (isMatching(elf, source, buildId, crc)) return { descriptor: file.descriptor, elf, source };
  } catch {
    // Not an ELF file: a debug file of that name that is broken is as good as none.
  }
  closeSync(file.descriptor);
  return undefined;
}

function isMatching(elf: ElfFile, source: ByteSource, buildId: string | undefined, crc: number | undefined): boolean {
  const found = elf.buildId();
  if (buildId !== undefined && found !== undefined) return buildId === found;
  return crc !== undefined && source.sizeBytes <= maxCrcBytes && crc === checksum(source);
}

function checksum(source: ByteSource): number {
  let value = 0;
  for (let offset = 0; offset < source.sizeBytes; offset += crcChunkBytes) {
    value = crc32(source.read(offset, Math.min(crcChunkBytes, source.sizeBytes - offset)), value);
  }
  return value;
}

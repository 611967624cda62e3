/** What stands behind executable memory. */
export type MemoryKind = "file" | "anonymous" | "vdso" | "vsyscall";

/** An executable line of `/proc/PID/maps`. Addresses are doubles: user space ends below 2^53 on every architecture. */
export interface MemoryRange {
  readonly start: number;
  /** First address after the range. */
  readonly end: number;
  readonly fileOffset: number;
  /** `major:minor` in hexadecimal, as the kernel prints it. */
  readonly device: string;
  readonly inode: number;
  /** Of a file: without ` (deleted)`. Of other memory: as the kernel names it (`[heap]`, `[anon:jit]`, ``). */
  readonly path: string;
  readonly kind: MemoryKind;
  /** The file has no name any more: it was deleted or replaced, or (memfd) never had one. */
  readonly deleted: boolean;
}

const line = /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ..x. ([0-9a-f]{1,16}) ([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)$/;
/** Of the two addresses and the hyphen between them, at most. */
const addressesLength = 33;
const deletedSuffix = " (deleted)";

/** Real programs have tens; one that has more than this wants to keep us busy, and its remaining code has no names. */
const maxRanges = 16_384;

/** The executable ranges in the text of `/proc/PID/maps`, in ascending order; lines that are none are passed over. */
export function parseMaps(text: string): MemoryRange[] {
  const ranges: MemoryRange[] = [];
  for (let from = 0; from < text.length && ranges.length < maxRanges; ) {
    const newline = text.indexOf("\n", from);
    const to = newline < 0 ? text.length : newline;
    const range = isExecutable(text, from) ? parseLine(text.slice(from, to)) : undefined;
    if (range !== undefined) ranges.push(range);
    from = to + 1;
  }
  return ranges.sort((a, b) => a.start - b.start);
}

/** Of ten lines nine are data: to see that here takes less than to match them. The permissions follow the first space. */
function isExecutable(text: string, lineStart: number): boolean {
  for (let at = lineStart; at <= lineStart + addressesLength; at++) if (text[at] === " ") return text[at + 3] === "x";
  return false;
}

function parseLine(text: string): MemoryRange | undefined {
  const match = line.exec(text);
  if (match === null) return undefined;
  const [, start = "", end = "", fileOffset = "", device = "", inode = "", name = ""] = match;
  const range = {
    start: Number.parseInt(start, 16),
    end: Number.parseInt(end, 16),
    fileOffset: Number.parseInt(fileOffset, 16),
    device: copyOf(device),
    inode: Number(inode),
  };
  if (range.end <= range.start) return undefined;
  const kind = memoryKind(name, range.inode);
  if (kind !== "file") return { ...range, path: copyOf(name), kind, deleted: false };
  const deleted = name.endsWith(deletedSuffix);
  // The kernel escapes the newline and nothing else (show_map_vma in fs/proc/task_mmu.c).
  const path = (deleted ? name.slice(0, -deletedSuffix.length) : name).replaceAll("\\012", "\n");
  return { ...range, path: copyOf(path), kind, deleted };
}

/** V8 makes a part of a text a view of it: one path would keep all of a process's maps in memory, 80 KB of Node.js's. */
function copyOf(part: string): string {
  return Buffer.from(part).toString();
}

function memoryKind(name: string, inode: number): MemoryKind {
  if (name === "[vdso]") return "vdso";
  if (name === "[vsyscall]") return "vsyscall";
  // Shared anonymous memory has an inode too, but no file that anyone could have put code in.
  if (inode === 0 || !name.startsWith("/") || name.startsWith("/dev/zero")) return "anonymous";
  return "file";
}

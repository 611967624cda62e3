import { execFileSync } from "node:child_process";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

/** Offsets in the boot header of a bzImage (Documentation/arch/x86/boot.rst). */
const setupSectorsOffset = 0x1f1;
const payloadOffsetOffset = 0x248;
const payloadLengthOffset = 0x24c;
const sectorBytes = 512;

/** How a payload begins, and what undoes it. A command reads stdin; `undefined` stands for Node.js itself. */
const compressions: readonly { magic: string; decompress: (payload: Buffer) => Buffer }[] = [
  { magic: "1f8b", decompress: gunzipSync },
  { magic: "28b52ffd", decompress: zstdDecompressSync },
  { magic: "fd377a585a00", decompress: filterThrough("xz", "--decompress", "--single-stream") },
  { magic: "02214c18", decompress: filterThrough("lz4", "-d") },
];

/** The vmlinux (an ELF file) inside a compressed x86 kernel image. */
export function extractVmlinux(bzImage: Buffer): Buffer {
  const protectedMode = ((bzImage[setupSectorsOffset] ?? 0) + 1) * sectorBytes;
  const start = protectedMode + bzImage.readUInt32LE(payloadOffsetOffset);
  // The payload's last four bytes are the size it has when decompressed, for the decompressors that don't know it.
  const payload = bzImage.subarray(start, start + bzImage.readUInt32LE(payloadLengthOffset) - 4);
  const compression = compressions.find(({ magic }) => payload.subarray(0, magic.length / 2).toString("hex") === magic);
  if (compression === undefined)
    throw new Error(`kernel image in an unknown compression: ${payload.toString("hex", 0, 6)}`);
  return compression.decompress(payload);
}

function filterThrough(command: string, ...args: string[]): (payload: Buffer) => Buffer {
  return (payload) => execFileSync(command, args, { input: payload, maxBuffer: 1 << 30 });
}

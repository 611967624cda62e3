import { viewOf } from "../elf/byte-source.ts";
import { FormatError } from "../errors.ts";

const magic = 0xeb9f;

/** What `.BTF` and `.BTF.ext` have in common: 8 bytes of magic, version, flags and length of the header. */
export interface BtfHeader {
  readonly view: DataView;
  readonly littleEndian: boolean;
  /** 24 for `.BTF`, 32 where it has a layout section (Linux 7) and for `.BTF.ext` with CO-RE records. */
  readonly headerBytes: number;
}

/** @throws {FormatError} when the bytes are not BTF of version 1. */
export function parseBtfHeader(bytes: Uint8Array, what: string, minimumBytes: number): BtfHeader {
  const view = viewOf(bytes);
  if (bytes.byteLength < 8) throw new FormatError(`${what} ends within its header`);
  const littleEndian = view.getUint16(0, true) === magic;
  if (!littleEndian && view.getUint16(0, false) !== magic)
    throw new FormatError(`${what} does not start with BTF magic`);
  const version = view.getUint8(2);
  if (version !== 1) throw new FormatError(`${what} has version ${version}; only version 1 is known`, { offset: 2 });
  const headerBytes = view.getUint32(4, littleEndian);
  if (headerBytes < minimumBytes || headerBytes > bytes.byteLength) {
    throw new FormatError(`${what} has a header of ${headerBytes} bytes`, { offset: 4 });
  }
  return { view, littleEndian, headerBytes };
}

/** A range that the header names, checked to lie inside. */
export function headerRange(header: BtfHeader, what: string, at: number): { start: number; end: number } {
  const start = header.headerBytes + header.view.getUint32(at, header.littleEndian);
  const end = start + header.view.getUint32(at + 4, header.littleEndian);
  if (end > header.view.byteLength) {
    throw new FormatError(`${what} ends at ${end}, beyond the end of the data (${header.view.byteLength} bytes)`, {
      offset: at,
    });
  }
  return { start, end };
}

import { crc32 } from "node:zlib";
import type { Compression, Encoding } from "../../encoding/encode.ts";
import type { Batch } from "../batch.ts";

/**
 * A batch in a file: a header of 24 bytes, little-endian, then the body.
 *
 * | offset | size | what                                                                 |
 * | ------ | ---- | -------------------------------------------------------------------- |
 * | 0      | 4    | "SKS1"                                                               |
 * | 4      | 1    | 0 while it waits, 1 once it is done; the one byte that is overwritten |
 * | 5      | 1    | encoding: an index of ENCODINGS                                      |
 * | 6      | 1    | compression: an index of COMPRESSIONS                                |
 * | 7      | 1    | 0                                                                    |
 * | 8      | 4    | items                                                                |
 * | 12     | 4    | bytes of the body                                                    |
 * | 16     | 4    | CRC-32 of the body                                                   |
 * | 20     | 4    | CRC-32 of the 20 bytes before, with 0 at offset 4                    |
 *
 * The header has its own checksum so that a file can be listed without reading what is in it.
 */
export const FRAME_HEADER_BYTES = 24;
export const STATE_OFFSET = 4;
export const STATE_DONE = 1;

const MAGIC = 0x31_53_4b_53;
const ENCODINGS: readonly Encoding[] = ["protobuf", "json"];
const COMPRESSIONS: readonly Compression[] = ["none", "gzip"];

export interface FrameHeader {
  readonly done: boolean;
  readonly encoding: Encoding;
  readonly compression: Compression;
  readonly itemCount: number;
  readonly bodyBytes: number;
  readonly bodyChecksum: number;
}

export function frameHeaderOf({ body, encoding, compression, itemCount }: Batch): Uint8Array {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt8(ENCODINGS.indexOf(encoding), 5);
  header.writeUInt8(COMPRESSIONS.indexOf(compression), 6);
  header.writeUInt32LE(itemCount, 8);
  header.writeUInt32LE(body.length, 12);
  header.writeUInt32LE(crc32(body), 16);
  header.writeUInt32LE(crc32(header.subarray(0, 20)), 20);
  return header;
}

/** What a header says; nothing where these bytes are none, or not as they were written. */
export function readFrameHeader(bytes: Buffer): FrameHeader | undefined {
  if (bytes.length < FRAME_HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  const state = bytes.readUInt8(STATE_OFFSET);
  const checked = Buffer.from(bytes.subarray(0, 20));
  checked.writeUInt8(0, STATE_OFFSET);
  const encoding = ENCODINGS[bytes.readUInt8(5)];
  const compression = COMPRESSIONS[bytes.readUInt8(6)];
  if (crc32(checked) !== bytes.readUInt32LE(20) || encoding === undefined || compression === undefined)
    return undefined;
  return {
    done: state === STATE_DONE,
    encoding,
    compression,
    itemCount: bytes.readUInt32LE(8),
    bodyBytes: bytes.readUInt32LE(12),
    bodyChecksum: bytes.readUInt32LE(16),
  };
}

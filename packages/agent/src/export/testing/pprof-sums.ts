import { gunzipSync } from "node:zlib";

/** Field numbers of perftools.profiles. */
const PROFILE_SAMPLE = 2;
const SAMPLE_VALUE = 2;

/** Sums of each kind of value over all samples of a gzipped pprof: read from its bytes, not with what wrote them. */
export function pprofValueSums(pprof: Uint8Array): number[] {
  const sums: number[] = [];
  for (const sample of bytesOfField(gunzipSync(pprof), PROFILE_SAMPLE)) {
    for (const packed of bytesOfField(sample, SAMPLE_VALUE)) {
      for (const [index, value] of varints(packed).entries()) sums[index] = (sums[index] ?? 0) + value;
    }
  }
  return sums;
}

/** The values of one length-delimited field of a message. */
function* bytesOfField(message: Uint8Array, field: number): Generator<Uint8Array> {
  let offset = 0;
  const varint = () => {
    const { value, end } = readVarint(message, offset);
    offset = end;
    return value;
  };
  while (offset < message.length) {
    const tag = varint();
    if (tag % 8 === 0) {
      varint();
      continue;
    }
    if (tag % 8 !== 2) throw new Error(`wire type ${tag % 8} is not of pprof`);
    const length = varint();
    if (Math.floor(tag / 8) === field) yield message.subarray(offset, offset + length);
    offset += length;
  }
}

function varints(bytes: Uint8Array): number[] {
  const values: number[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const { value, end } = readVarint(bytes, offset);
    values.push(value);
    offset = end;
  }
  return values;
}

function readVarint(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  let offset = start;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[offset++] ?? 0;
    value += (byte % 128) * scale;
    if (byte < 128) return { value, end: offset };
  }
}

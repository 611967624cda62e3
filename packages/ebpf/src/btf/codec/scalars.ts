import { FormatError } from "../../errors.ts";
import { misfit, type Part, type Value } from "./part.ts";

export const boolPart: Part = {
  sizeBytes: 1,
  valueCount: 1,
  decode: (view, offset) => view.getUint8(offset) !== 0,
  encode(value, view, offset, path) {
    if (typeof value !== "boolean") throw misfit(path, "a boolean", value);
    view.setUint8(offset, value ? 1 : 0);
  },
};

/** Integers of 1 to 16 bytes: numbers up to 4 bytes, bigints from 8. */
export function integerPart(sizeBytes: number, signed: boolean, littleEndian: boolean): Part {
  const { read, write } = accessors(sizeBytes, signed, littleEndian);
  const range = rangeOf(sizeBytes * 8, signed);
  const wide = sizeBytes > 4;
  return {
    sizeBytes,
    valueCount: 1,
    decode: read,
    encode: (value, view, offset, path) => write(view, offset, checkedInteger(value, range, wide, path)),
  };
}

export function floatPart(sizeBytes: number, littleEndian: boolean): Part {
  if (sizeBytes !== 4 && sizeBytes !== 8)
    throw new FormatError(`floating-point numbers of ${sizeBytes} bytes are unknown`);
  return {
    sizeBytes,
    valueCount: 1,
    decode: (view, offset) =>
      sizeBytes === 4 ? view.getFloat32(offset, littleEndian) : view.getFloat64(offset, littleEndian),
    encode(value, view, offset, path) {
      if (typeof value !== "number") throw misfit(path, "a number", value);
      if (sizeBytes === 4) view.setFloat32(offset, value, littleEndian);
      else view.setFloat64(offset, value, littleEndian);
    },
  };
}

export interface BitfieldType {
  readonly signed: boolean;
  /** Of a 64-bit type: values are bigints. */
  readonly wide: boolean;
  readonly bool: boolean;
}

/**
 * A bitfield, at a bit offset from the start of its struct. Bits are counted from the least significant one of the first
 * byte on little-endian machines, from the most significant one on others.
 */
export function bitfieldPart(bitOffset: number, bitSize: number, type: BitfieldType, littleEndian: boolean): Part {
  if (bitSize > 64) throw new FormatError(`a bitfield of ${bitSize} bits is wider than any type`);
  const firstByte = bitOffset >> 3;
  const byteCount = ((bitOffset + bitSize + 7) >> 3) - firstByte;
  const shift = BigInt(littleEndian ? bitOffset & 7 : byteCount * 8 - (bitOffset & 7) - bitSize);
  const mask = (1n << BigInt(bitSize)) - 1n;
  const range = rangeOf(bitSize, type.signed);
  const byteAt = (index: number): number => firstByte + (littleEndian ? byteCount - 1 - index : index);
  const readAll = (view: DataView, offset: number): bigint => {
    let bits = 0n;
    for (let index = 0; index < byteCount; index++) bits = (bits << 8n) | BigInt(view.getUint8(offset + byteAt(index)));
    return bits;
  };
  return {
    sizeBytes: 0,
    valueCount: 1,
    decode(view, offset): Value {
      const bits = (readAll(view, offset) >> shift) & mask;
      const value = type.signed ? BigInt.asIntN(bitSize, bits) : bits;
      if (type.bool) return value !== 0n;
      return type.wide ? value : Number(value);
    },
    encode(value, view, offset, path) {
      const number = type.bool && typeof value === "boolean" ? Number(value) : value;
      const bits = BigInt.asUintN(bitSize, BigInt(checkedInteger(number, range, true, path)));
      let all = (readAll(view, offset) & ~(mask << shift)) | (bits << shift);
      for (let index = byteCount - 1; index >= 0; index--) {
        view.setUint8(offset + byteAt(index), Number(all & 0xffn));
        all >>= 8n;
      }
    },
  };
}

interface Range {
  readonly minimum: bigint;
  readonly maximum: bigint;
}

function rangeOf(bits: number, signed: boolean): Range {
  const values = 1n << BigInt(bits);
  return signed ? { minimum: -values / 2n, maximum: values / 2n - 1n } : { minimum: 0n, maximum: values - 1n };
}

/** Numbers will do for bigints and the other way round, as long as they are integers and in range. */
function checkedInteger(value: unknown, { minimum, maximum }: Range, wide: boolean, path: string): number | bigint {
  const isInteger = typeof value === "bigint" || Number.isSafeInteger(value);
  if (isInteger) {
    const exact = BigInt(value as number | bigint);
    if (exact >= minimum && exact <= maximum) return wide ? exact : Number(exact);
  }
  throw misfit(path, `an integer from ${minimum} to ${maximum}`, value);
}

interface Accessors {
  readonly read: (view: DataView, offset: number) => number | bigint;
  readonly write: (view: DataView, offset: number, value: number | bigint) => void;
}

function accessors(sizeBytes: number, signed: boolean, littleEndian: boolean): Accessors {
  switch (sizeBytes) {
    case 1:
      return {
        read: signed ? (view, offset) => view.getInt8(offset) : (view, offset) => view.getUint8(offset),
        write: (view, offset, value) => view.setUint8(offset, Number(value)),
      };
    case 2:
      return {
        read: signed
          ? (view, offset) => view.getInt16(offset, littleEndian)
          : (view, offset) => view.getUint16(offset, littleEndian),
        write: (view, offset, value) => view.setUint16(offset, Number(value), littleEndian),
      };
    case 4:
      return {
        read: signed
          ? (view, offset) => view.getInt32(offset, littleEndian)
          : (view, offset) => view.getUint32(offset, littleEndian),
        write: (view, offset, value) => view.setUint32(offset, Number(value), littleEndian),
      };
    case 8:
      return {
        read: signed
          ? (view, offset) => view.getBigInt64(offset, littleEndian)
          : (view, offset) => view.getBigUint64(offset, littleEndian),
        write: (view, offset, value) => view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), littleEndian),
      };
    case 16: {
      const [low, high] = littleEndian ? [0, 8] : [8, 0];
      return {
        read(view, offset) {
          const bits =
            (view.getBigUint64(offset + high, littleEndian) << 64n) | view.getBigUint64(offset + low, littleEndian);
          return signed ? BigInt.asIntN(128, bits) : bits;
        },
        write(view, offset, value) {
          const bits = BigInt.asUintN(128, BigInt(value));
          view.setBigUint64(offset + low, bits & 0xffff_ffff_ffff_ffffn, littleEndian);
          view.setBigUint64(offset + high, bits >> 64n, littleEndian);
        },
      };
    }
    default:
      throw new FormatError(`integers of ${sizeBytes} bytes are unknown`);
  }
}

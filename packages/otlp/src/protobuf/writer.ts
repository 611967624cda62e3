const INITIAL_CAPACITY_BYTES = 4096;
const TWO_TO_THE_32 = 0x1_0000_0000;

/** Wire types of the protobuf encoding (protobuf.dev/programming-guides/encoding). */
const WIRE_TYPE_VARINT = 0;
const WIRE_TYPE_FIXED64 = 1;
const WIRE_TYPE_LENGTH_DELIMITED = 2;
const WIRE_TYPE_FIXED32 = 5;

/**
 * Writes protobuf messages into one growing buffer.
 *
 * Every method writes its field, zero values included: what proto3 leaves out as a default is the caller's choice,
 * because inside repeated fields a default must be written.
 *
 * A nested message is written in place, between `beginMessage` and `endMessage`; its length is put in front
 * afterwards. One byte is kept free for it, and only messages of 128 bytes or more have to move.
 */
export class ProtobufWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_CAPACITY_BYTES);
  #length = 0;

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.#length;
  }

  /** What was written, in the writer's own memory: good until the next write. */
  get written(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return new Uint8Array(this.written);
  }

  /** A field of type int32, int64, uint32 or uint64: an integer within 64 bits, signed or not. */
  varint(field: number, value: number | bigint): void {
    this.#tag(field, WIRE_TYPE_VARINT);
    this.#varint(value);
  }

  bool(field: number, value: boolean): void {
    this.varint(field, value ? 1 : 0);
  }

  /** A field of type sint32: small magnitudes of either sign stay short. */
  sint32(field: number, value: number): void {
    this.varint(field, ((value << 1) ^ (value >> 31)) >>> 0);
  }

  /** A field of type fixed32: an integer from 0 to 2^32 - 1. */
  fixed32(field: number, value: number): void {
    this.#tag(field, WIRE_TYPE_FIXED32);
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
  }

  /** A field of type fixed64 or sfixed64: an integer within 64 bits, signed or not. */
  fixed64(field: number, value: number | bigint): void {
    this.#tag(field, WIRE_TYPE_FIXED64);
    this.#fixed64(value);
  }

  double(field: number, value: number): void {
    this.#tag(field, WIRE_TYPE_FIXED64);
    this.#double(value);
  }

  /** A string field, in UTF-8; a lone surrogate becomes U+FFFD, since protobuf strings must be valid UTF-8. */
  string(field: number, value: string): void {
    const start = this.beginMessage(field);
    // A UTF-16 unit takes three bytes at most (a pair takes four).
    this.#reserve(value.length * 3);
    this.#length += this.#buffer.write(value, this.#length, "utf8");
    this.endMessage(start);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, WIRE_TYPE_LENGTH_DELIMITED);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  /** A bytes field whose value is given in hex digits, two a byte. */
  hex(field: number, digits: string): void {
    this.#tag(field, WIRE_TYPE_LENGTH_DELIMITED);
    const sizeBytes = digits.length / 2;
    this.#varint(sizeBytes);
    this.#reserve(sizeBytes);
    this.#length += this.#buffer.write(digits, this.#length, "hex");
  }

  /** A repeated integer field in its packed form. */
  packedVarints(field: number, values: ArrayLike<number | bigint>): void {
    const start = this.beginMessage(field);
    for (let index = 0; index < values.length; index++) this.#varint(values[index] ?? 0);
    this.endMessage(start);
  }

  /** A repeated field of type fixed64 in its packed form. */
  packedFixed64s(field: number, values: ArrayLike<number | bigint>): void {
    this.#tag(field, WIRE_TYPE_LENGTH_DELIMITED);
    this.#varint(values.length * 8);
    for (let index = 0; index < values.length; index++) this.#fixed64(values[index] ?? 0);
  }

  /** A repeated field of type double in its packed form. */
  packedDoubles(field: number, values: ArrayLike<number>): void {
    this.#tag(field, WIRE_TYPE_LENGTH_DELIMITED);
    this.#varint(values.length * 8);
    for (let index = 0; index < values.length; index++) this.#double(values[index] ?? 0);
  }

  /** Starts a nested message; give the result to {@link endMessage}. */
  beginMessage(field: number): number {
    this.#tag(field, WIRE_TYPE_LENGTH_DELIMITED);
    this.#reserve(1);
    this.#length++;
    return this.#length;
  }

  endMessage(start: number): void {
    const sizeBytes = this.#length - start;
    const extraBytes = varintSizeBytes(sizeBytes) - 1;
    if (extraBytes > 0) {
      this.#reserve(extraBytes);
      this.#buffer.copyWithin(start + extraBytes, start, this.#length);
    }
    this.#length = start - 1;
    // Its bytes are reserved. To reserve more would lose the content: memory that grows keeps only what is before #length.
    this.#varint64(sizeBytes, 0);
    this.#length += sizeBytes;
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number | bigint): void {
    this.#reserve(10);
    if (typeof value === "bigint") this.#varint64(lowHalf(value), highHalf(value));
    else {
      checkInteger(value);
      // Floor and >>> give the halves of the two's complement form for negative numbers too.
      this.#varint64(value >>> 0, Math.floor(value / TWO_TO_THE_32) >>> 0);
    }
  }

  #varint64(low: number, high: number): void {
    const buffer = this.#buffer;
    let length = this.#length;
    while (high !== 0) {
      buffer[length++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    while (low >= 0x80) {
      buffer[length++] = (low & 0x7f) | 0x80;
      low >>>= 7;
    }
    buffer[length++] = low;
    this.#length = length;
  }

  #fixed64(value: number | bigint): void {
    this.#reserve(8);
    let low: number;
    let high: number;
    if (typeof value === "bigint") {
      low = lowHalf(value);
      high = highHalf(value);
    } else {
      checkInteger(value);
      low = value >>> 0;
      high = Math.floor(value / TWO_TO_THE_32) >>> 0;
    }
    this.#length = this.#buffer.writeUInt32LE(low, this.#length);
    this.#length = this.#buffer.writeUInt32LE(high, this.#length);
  }

  #double(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#length + sizeBytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.written);
    this.#buffer = grown;
  }
}

function lowHalf(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

function highHalf(value: bigint): number {
  return Number(BigInt.asUintN(32, value >> 32n));
}

function checkInteger(value: number): void {
  // Sums beyond 2^53 are already rounded, but are integers still.
  if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 63) {
    throw new RangeError(`${value} is not an integer that a varint can hold`);
  }
}

function varintSizeBytes(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

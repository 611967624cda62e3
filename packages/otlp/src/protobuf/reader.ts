import { OtlpError } from "../errors.ts";

const WIRE_TYPE_VARINT = 0;
const WIRE_TYPE_FIXED64 = 1;
const WIRE_TYPE_LENGTH_DELIMITED = 2;
const WIRE_TYPE_FIXED32 = 5;

const utf8 = new TextDecoder();

/** A field of a message: an integer, or bytes that may be a string or another message. */
export interface ProtobufField {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

/**
 * The fields of a protobuf message, in their order: enough for the few small messages that receivers answer with.
 *
 * @throws OtlpError of code `response` when the bytes end early or have a wire type that proto3 does not know.
 */
export function* protobufFields(bytes: Uint8Array): Generator<ProtobufField> {
  let position = 0;

  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[position++];
      if (byte === undefined) throw malformed("ends within an integer");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed("has an integer of more than ten bytes");
  };
  const take = (sizeBytes: number): Uint8Array => {
    if (sizeBytes > bytes.length - position) throw malformed("ends within a field");
    position += sizeBytes;
    return bytes.subarray(position - sizeBytes, position);
  };

  while (position < bytes.length) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case WIRE_TYPE_VARINT:
        yield { number, value: varint() };
        break;
      case WIRE_TYPE_FIXED64:
        yield { number, value: take(8) };
        break;
      case WIRE_TYPE_LENGTH_DELIMITED:
        yield { number, value: take(Number(varint())) };
        break;
      case WIRE_TYPE_FIXED32:
        yield { number, value: take(4) };
        break;
      default:
        throw malformed(`has a field of wire type ${tag % 8}`);
    }
  }
}

/** The value of a string field; of a field of another type, nothing. */
export function stringOf(value: bigint | Uint8Array): string {
  return typeof value === "bigint" ? "" : utf8.decode(value);
}

/** The value of an integer field of up to 64 bits, signed; of a field of another type, zero. */
export function signedIntegerOf(value: bigint | Uint8Array): bigint {
  return typeof value === "bigint" ? BigInt.asIntN(64, value) : 0n;
}

function malformed(problem: string): OtlpError {
  return new OtlpError("response", `the receiver's answer is no protobuf message: it ${problem}`);
}

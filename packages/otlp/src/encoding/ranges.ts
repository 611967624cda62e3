import { OtlpError } from "../errors.ts";

/** Checks that values fit the types of their fields, so that no encoding has to cut or wrap them. */

const TWO_TO_THE_63 = 2n ** 63n;
const TWO_TO_THE_64 = 2n ** 64n;
const HEX_DIGITS = /^[0-9a-f]*$/;

export function checkId(name: string, value: string, sizeBytes: number): void {
  if (value.length !== sizeBytes * 2 || !HEX_DIGITS.test(value)) {
    throw new OtlpError("invalid-data", `${name} is ${JSON.stringify(value)}`, {
      hint: `give ${sizeBytes * 2} lowercase hex digits`,
    });
  }
}

export function checkInt32(name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= -0x8000_0000 && value <= 0x7fff_ffff))
    throw outOfRange(name, value, "int32");
}

export function checkUint32(name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff)) throw outOfRange(name, value, "uint32");
}

export function checkInt64(name: string, value: number | bigint): void {
  const fits =
    typeof value === "bigint"
      ? value >= -TWO_TO_THE_63 && value < TWO_TO_THE_63
      : Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63;
  if (!fits) throw outOfRange(name, value, "int64");
}

export function checkUint64(name: string, value: number | bigint): void {
  // Numbers end at 2^63 here: beyond it a double is 2048 off at best, and a count that large is none.
  const fits =
    typeof value === "bigint"
      ? value >= 0n && value < TWO_TO_THE_64
      : Number.isInteger(value) && value >= 0 && value < 2 ** 63;
  if (!fits) throw outOfRange(name, value, "uint64");
}

export function checkUint64s(name: string, values: ArrayLike<number | bigint>): void {
  for (let index = 0; index < values.length; index++) checkUint64(name, values[index] ?? 0);
}

function outOfRange(name: string, value: number | bigint, type: string): OtlpError {
  return new OtlpError("invalid-data", `${name} is ${value}, which ${type} cannot hold`);
}

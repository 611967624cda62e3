import { BpfError } from "../../errors.ts";
import type { Field } from "./structs.ts";

/** What a codec makes of bytes. */
export type Value = number | bigint | boolean | string | Uint8Array | Value[] | { [member: string]: Value };

/** A codec inside a codec; the outermost one has checked that the bytes are there, and zeroed them before encoding. */
export interface Part {
  readonly sizeBytes: number;
  /** Single values that decoding makes. */
  readonly valueCount: number;
  /** Of structs and unions. */
  readonly fields?: readonly Field[];
  decode(view: DataView, offset: number): Value;
  /** @param path of the value in the outermost one, for messages: `.address[3]`; empty for itself. */
  encode(value: unknown, view: DataView, offset: number, path: string): void;
}

/** The error for a value that doesn't fit its type. */
export function misfit(path: string, expected: string, value: unknown): BpfError {
  const where = path === "" ? "value" : path.replace(/^\./, "");
  return new BpfError("invalid-argument", `${where}: expected ${expected}, got ${show(value)}`);
}

function show(value: unknown): string {
  switch (typeof value) {
    case "number":
    case "bigint":
    case "boolean":
    case "undefined":
      return String(value);
    case "string":
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
    default:
      return value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
  }
}

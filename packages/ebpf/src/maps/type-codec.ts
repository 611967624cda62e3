import type { Btf } from "../btf/btf.ts";
import { compileCodec } from "../btf/codec.ts";
import { bytesCodec, type ValueCodec } from "./codec.ts";

/** The codec of a type of the object, or of plain bytes where the type is not known. */
export function typeCodec(types: Btf | undefined, typeId: number, sizeBytes: number): ValueCodec<unknown> {
  if (types === undefined || typeId === 0) return bytesCodec(sizeBytes) as ValueCodec<unknown>;
  return compileCodec(types, typeId) as ValueCodec<unknown>;
}

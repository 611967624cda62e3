/** BTF type information: reading, typed codecs, CO-RE relocation. */

export { Btf } from "./btf.ts";
export { type Codec, compileCodec, type Value } from "./codec.ts";
export {
  type CoreRelocation,
  CoreRelocationKind,
  CoreRelocator,
  type CoreTargets,
  type PoisonedInstruction,
  type RelocationReport,
  relocate,
} from "./core-relocation.ts";
export { pointerBytes, type ResolvedType, sizeOf, skipModifiers } from "./resolve.ts";
export { type BtfFeatures, sanitizeBtf } from "./sanitize.ts";
export { TypePrinter, typeDeclaration } from "./type-declaration.ts";
export * from "./types.ts";

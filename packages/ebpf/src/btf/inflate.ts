import type { Btf } from "./btf.ts";
import { BtfKind, type BtfType } from "./types.ts";

/** Makes an object of the type at `offset`; {@link Btf.parse} has checked that all of it is inside. */
export function inflateType(btf: Btf, view: DataView, offset: number): BtfType {
  const u32 = (at: number): number => view.getUint32(at, btf.littleEndian);
  const info = u32(offset + 4);
  const kind = ((info >> 24) & 0x1f) as BtfKind;
  const vlen = info & 0xffff;
  const kindFlag = info >>> 31 === 1;
  const name = btf.string(u32(offset));
  const sizeOrType = u32(offset + 8);
  const trailing = offset + 12;
  const entries = <T>(entryBytes: number, read: (at: number) => T): T[] =>
    Array.from({ length: vlen }, (_, index) => read(trailing + index * entryBytes));

  switch (kind) {
    case BtfKind.void:
      return { kind };
    case BtfKind.int: {
      const encoding = u32(trailing);
      return {
        kind,
        name,
        sizeBytes: sizeOrType,
        signed: ((encoding >> 24) & 1) !== 0,
        char: ((encoding >> 24) & 2) !== 0,
        bool: ((encoding >> 24) & 4) !== 0,
        bitOffset: (encoding >> 16) & 0xff,
        bitSize: encoding & 0xff,
      };
    }
    case BtfKind.pointer:
    case BtfKind.typedef:
    case BtfKind.volatile:
    case BtfKind.const:
    case BtfKind.restrict:
    case BtfKind.typeTag:
      return { kind, name, typeId: sizeOrType };
    case BtfKind.array:
      return { kind, elementTypeId: u32(trailing), indexTypeId: u32(trailing + 4), length: u32(trailing + 8) };
    case BtfKind.struct:
    case BtfKind.union:
      return {
        kind,
        name,
        sizeBytes: sizeOrType,
        members: entries(12, (at) => {
          const position = u32(at + 8);
          return {
            name: btf.string(u32(at)),
            typeId: u32(at + 4),
            // With the kind flag the upper 8 bits are the width of a bitfield.
            bitOffset: kindFlag ? position & 0xffffff : position,
            bitSize: kindFlag ? position >>> 24 : 0,
          };
        }),
      };
    case BtfKind.enum:
      return {
        kind,
        name,
        sizeBytes: sizeOrType,
        signed: kindFlag,
        // The kernel and libbpf store enumerators as s32, whatever the flag says; the flag came with Linux 6.0.
        values: entries(8, (at) => ({
          name: btf.string(u32(at)),
          value: BigInt(view.getInt32(at + 4, btf.littleEndian)),
        })),
      };
    case BtfKind.enum64:
      return {
        kind,
        name,
        sizeBytes: sizeOrType,
        signed: kindFlag,
        values: entries(12, (at) => {
          const value = (BigInt(u32(at + 8)) << 32n) | BigInt(u32(at + 4));
          return { name: btf.string(u32(at)), value: kindFlag ? BigInt.asIntN(64, value) : value };
        }),
      };
    case BtfKind.forward:
      return { kind, name, union: kindFlag };
    case BtfKind.function:
      return { kind, name, typeId: sizeOrType, linkage: vlen };
    case BtfKind.functionPrototype:
      return {
        kind,
        returnTypeId: sizeOrType,
        parameters: entries(8, (at) => ({ name: btf.string(u32(at)), typeId: u32(at + 4) })),
      };
    case BtfKind.variable:
      return { kind, name, typeId: sizeOrType, linkage: u32(trailing) };
    case BtfKind.dataSection:
      return {
        kind,
        name,
        sizeBytes: sizeOrType,
        variables: entries(12, (at) => ({ typeId: u32(at), offsetBytes: u32(at + 4), sizeBytes: u32(at + 8) })),
      };
    case BtfKind.float:
      return { kind, name, sizeBytes: sizeOrType };
    case BtfKind.declarationTag:
      return { kind, name, typeId: sizeOrType, componentIndex: view.getInt32(trailing, btf.littleEndian) };
    default:
      return kind satisfies never;
  }
}

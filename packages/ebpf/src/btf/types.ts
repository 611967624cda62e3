/** BTF kinds, numbered as in `include/uapi/linux/btf.h`. */
export const BtfKind = {
  void: 0,
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  function: 12,
  functionPrototype: 13,
  variable: 14,
  dataSection: 15,
  float: 16,
  declarationTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;

export type BtfKind = (typeof BtfKind)[keyof typeof BtfKind];

/** Linkage of functions and variables. */
export const BtfLinkage = { static: 0, global: 1, extern: 2 } as const;

export interface BtfVoid {
  readonly kind: typeof BtfKind.void;
}

export interface BtfInt {
  readonly kind: typeof BtfKind.int;
  readonly name: string;
  readonly sizeBytes: number;
  readonly signed: boolean;
  readonly char: boolean;
  readonly bool: boolean;
  /** Non-zero only in the deprecated way of writing bitfields. */
  readonly bitOffset: number;
  readonly bitSize: number;
}

/** Kinds that refer to one other type and add nothing else but perhaps a name (pointers have none). */
export interface BtfReference {
  readonly kind:
    | typeof BtfKind.pointer
    | typeof BtfKind.typedef
    | typeof BtfKind.volatile
    | typeof BtfKind.const
    | typeof BtfKind.restrict
    | typeof BtfKind.typeTag;
  readonly name: string;
  readonly typeId: number;
}

export interface BtfArray {
  readonly kind: typeof BtfKind.array;
  readonly elementTypeId: number;
  readonly indexTypeId: number;
  readonly length: number;
}

export interface BtfMember {
  /** Empty for anonymous structs and unions. */
  readonly name: string;
  readonly typeId: number;
  /** From the start of the struct. */
  readonly bitOffset: number;
  /** Width of a bitfield; 0 for ordinary members. */
  readonly bitSize: number;
}

export interface BtfComposite {
  readonly kind: typeof BtfKind.struct | typeof BtfKind.union;
  readonly name: string;
  readonly sizeBytes: number;
  readonly members: readonly BtfMember[];
}

export interface BtfEnumerator {
  readonly name: string;
  readonly value: bigint;
}

export interface BtfEnum {
  readonly kind: typeof BtfKind.enum | typeof BtfKind.enum64;
  readonly name: string;
  readonly sizeBytes: number;
  readonly signed: boolean;
  readonly values: readonly BtfEnumerator[];
}

export interface BtfForward {
  readonly kind: typeof BtfKind.forward;
  readonly name: string;
  /** Stands for a union; otherwise for a struct. */
  readonly union: boolean;
}

export interface BtfFunction {
  readonly kind: typeof BtfKind.function;
  readonly name: string;
  /** The prototype. */
  readonly typeId: number;
  /** {@link BtfLinkage}. */
  readonly linkage: number;
}

export interface BtfFunctionPrototype {
  readonly kind: typeof BtfKind.functionPrototype;
  readonly returnTypeId: number;
  readonly parameters: readonly { readonly name: string; readonly typeId: number }[];
}

export interface BtfVariable {
  readonly kind: typeof BtfKind.variable;
  readonly name: string;
  readonly typeId: number;
  /** {@link BtfLinkage}. */
  readonly linkage: number;
}

export interface BtfDataSection {
  readonly kind: typeof BtfKind.dataSection;
  readonly name: string;
  readonly sizeBytes: number;
  readonly variables: readonly { readonly typeId: number; readonly offsetBytes: number; readonly sizeBytes: number }[];
}

export interface BtfFloat {
  readonly kind: typeof BtfKind.float;
  readonly name: string;
  readonly sizeBytes: number;
}

export interface BtfDeclarationTag {
  readonly kind: typeof BtfKind.declarationTag;
  readonly name: string;
  readonly typeId: number;
  /** Member or parameter that the tag is on; -1 for the type itself. */
  readonly componentIndex: number;
}

export type BtfType =
  | BtfVoid
  | BtfInt
  | BtfReference
  | BtfArray
  | BtfComposite
  | BtfEnum
  | BtfForward
  | BtfFunction
  | BtfFunctionPrototype
  | BtfVariable
  | BtfDataSection
  | BtfFloat
  | BtfDeclarationTag;

/** Bytes that follow the 12-byte header of a type of this kind with `vlen` entries; undefined for unknown kinds. */
export function trailingBytes(kind: number, vlen: number): number | undefined {
  switch (kind) {
    case BtfKind.int:
    case BtfKind.variable:
    case BtfKind.declarationTag:
      return 4;
    case BtfKind.array:
      return 12;
    case BtfKind.struct:
    case BtfKind.union:
    case BtfKind.dataSection:
    case BtfKind.enum64:
      return vlen * 12;
    case BtfKind.enum:
    case BtfKind.functionPrototype:
      return vlen * 8;
    case BtfKind.pointer:
    case BtfKind.forward:
    case BtfKind.typedef:
    case BtfKind.volatile:
    case BtfKind.const:
    case BtfKind.restrict:
    case BtfKind.function:
    case BtfKind.float:
    case BtfKind.typeTag:
      return 0;
    default:
      return undefined;
  }
}

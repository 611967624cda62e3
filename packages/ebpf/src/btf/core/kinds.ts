/** What a CO-RE relocation asks for; numbered as `enum bpf_core_relo_kind`. */
export const CoreRelocationKind = {
  /** Byte offset of a field. */
  fieldByteOffset: 0,
  /** Size of a field in bytes. */
  fieldByteSize: 1,
  /** 1 where the field exists. */
  fieldExists: 2,
  /** 1 where the field is signed. */
  fieldSigned: 3,
  /** Left shift that brings a bitfield to the top of 64 bits. */
  fieldLeftShift: 4,
  /** Right shift that then brings it to the bottom. */
  fieldRightShift: 5,
  /** Type id in the object's own BTF. */
  typeIdLocal: 6,
  /** Type id in the target's BTF; 0 where there is none. */
  typeIdTarget: 7,
  /** 1 where a type of this name and kind exists. */
  typeExists: 8,
  /** Size of the type in bytes; 0 where there is none. */
  typeSize: 9,
  /** 1 where the enumerator exists. */
  enumeratorExists: 10,
  /** Value of the enumerator. */
  enumeratorValue: 11,
  /** 1 where the type exists and its members fit. */
  typeMatches: 12,
} as const;

export type CoreRelocationKind = (typeof CoreRelocationKind)[keyof typeof CoreRelocationKind];

/** One CO-RE record of `.BTF.ext`. */
export interface CoreRelocation {
  readonly instructionIndex: number;
  /** A {@link CoreRelocationKind}, unless the object is newer than this library. */
  readonly kind: number;
  /** Root type in the object's BTF. */
  readonly typeId: number;
  /** Path from the root type: indexes of members, array elements or the enumerator, such as `0:1:2`. */
  readonly accessString: string;
}

export type CoreSubject = "field" | "type" | "enumerator";

/** What a kind is about; undefined for kinds that this library doesn't know. */
export function coreSubject(kind: number): CoreSubject | undefined {
  switch (kind) {
    case CoreRelocationKind.fieldByteOffset:
    case CoreRelocationKind.fieldByteSize:
    case CoreRelocationKind.fieldExists:
    case CoreRelocationKind.fieldSigned:
    case CoreRelocationKind.fieldLeftShift:
    case CoreRelocationKind.fieldRightShift:
      return "field";
    case CoreRelocationKind.typeIdLocal:
    case CoreRelocationKind.typeIdTarget:
    case CoreRelocationKind.typeExists:
    case CoreRelocationKind.typeSize:
    case CoreRelocationKind.typeMatches:
      return "type";
    case CoreRelocationKind.enumeratorExists:
    case CoreRelocationKind.enumeratorValue:
      return "enumerator";
    default:
      return undefined;
  }
}

/** A kind in words, for messages. */
export function coreKindName(kind: number): string {
  switch (kind) {
    case CoreRelocationKind.fieldByteOffset:
      return "byte offset";
    case CoreRelocationKind.fieldByteSize:
    case CoreRelocationKind.typeSize:
      return "size";
    case CoreRelocationKind.fieldExists:
    case CoreRelocationKind.typeExists:
    case CoreRelocationKind.enumeratorExists:
      return "existence";
    case CoreRelocationKind.fieldSigned:
      return "signedness";
    case CoreRelocationKind.fieldLeftShift:
      return "left shift";
    case CoreRelocationKind.fieldRightShift:
      return "right shift";
    case CoreRelocationKind.typeIdLocal:
      return "local type id";
    case CoreRelocationKind.typeIdTarget:
      return "type id";
    case CoreRelocationKind.enumeratorValue:
      return "value";
    case CoreRelocationKind.typeMatches:
      return "match";
    default:
      return `unknown kind ${kind}`;
  }
}

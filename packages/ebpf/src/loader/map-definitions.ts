import type { Btf } from "../btf/btf.ts";
import { sizeOf, skipModifiers } from "../btf/resolve.ts";
import { BtfKind, type BtfMember } from "../btf/types.ts";
import { BpfError, FormatError } from "../errors.ts";
import { MapType } from "../sys/uapi.ts";
import type { MapSpec } from "./spec.ts";

/**
 * The maps of section `.maps`. Each is a variable of a struct type whose members are the map's properties: numbers as
 * the length of an array behind a pointer (`__uint`), types as pointers to them (`__type`), the inner map of a map of
 * maps as an array of pointers (`__array`).
 *
 * @throws {FormatError} when a definition makes no sense.
 * @throws {BpfError} `not-supported` for properties that this library doesn't know.
 */
export function parseMapDefinitions(btf: Btf): Map<string, { readonly spec: MapSpec; readonly offsetBytes: number }> {
  const maps = new Map<string, { spec: MapSpec; offsetBytes: number }>();
  const sectionId = btf.findByName(".maps", BtfKind.dataSection);
  const section = sectionId === undefined ? undefined : btf.type(sectionId);
  if (section?.kind !== BtfKind.dataSection) throw new FormatError("section .maps has no description in BTF");
  for (const { typeId, offsetBytes } of section.variables) {
    const variable = btf.type(typeId);
    if (variable.kind !== BtfKind.variable)
      throw new FormatError(`.maps lists BTF type ${typeId}, which is no variable`);
    maps.set(variable.name, { spec: parseDefinition(btf, variable.name, variable.typeId, true), offsetBytes });
  }
  return maps;
}

function parseDefinition(btf: Btf, name: string, typeId: number, mayHaveInner: boolean): MapSpec {
  const { type } = skipModifiers(btf, typeId);
  if (type.kind !== BtfKind.struct) throw new FormatError(`map "${name}" is not defined by a struct`);
  const fail = (what: string): FormatError => new FormatError(`map "${name}" ${what}`);
  const spec = {
    name,
    type: 0,
    keySizeBytes: 0,
    valueSizeBytes: 0,
    maxEntries: 0,
    flags: 0,
    keyTypeId: 0,
    valueTypeId: 0,
    inner: undefined as MapSpec | undefined,
    data: undefined,
  };
  for (const member of type.members) {
    switch (member.name) {
      case "type":
        spec.type = encodedNumber(btf, member, fail);
        break;
      case "max_entries":
        spec.maxEntries = encodedNumber(btf, member, fail);
        break;
      case "map_flags":
        spec.flags = encodedNumber(btf, member, fail);
        break;
      case "key_size":
        spec.keySizeBytes = agreeing(spec.keySizeBytes, encodedNumber(btf, member, fail), "key", fail);
        break;
      case "value_size":
        spec.valueSizeBytes = agreeing(spec.valueSizeBytes, encodedNumber(btf, member, fail), "value", fail);
        break;
      case "key":
        spec.keyTypeId = pointedTo(btf, member, fail);
        spec.keySizeBytes = agreeing(spec.keySizeBytes, sizeOfProperty(btf, spec.keyTypeId, "key", fail), "key", fail);
        break;
      case "value":
        spec.valueTypeId = pointedTo(btf, member, fail);
        spec.valueSizeBytes = agreeing(
          spec.valueSizeBytes,
          sizeOfProperty(btf, spec.valueTypeId, "value", fail),
          "value",
          fail,
        );
        break;
      case "values":
        if (!mayHaveInner) throw fail("has an inner map that has an inner map itself");
        spec.inner = innerMap(btf, name, member, fail);
        // What such a map holds is the descriptor of another map, or of a program.
        spec.valueSizeBytes = 4;
        break;
      case "pinning":
        if (encodedNumber(btf, member, fail) !== 0) {
          throw new BpfError("not-supported", `map "${name}" asks to be pinned, which is not supported yet`);
        }
        break;
      default:
        throw new BpfError("not-supported", `map "${name}" has property "${member.name}", which is not supported yet`);
    }
  }
  if (spec.type === 0) throw fail("has no type");
  const holdsMaps = spec.type === MapType.ARRAY_OF_MAPS || spec.type === MapType.HASH_OF_MAPS;
  if (holdsMaps !== (spec.inner !== undefined)) {
    throw fail(
      holdsMaps ? 'does not say what its inner maps are like ("values")' : "has an inner map, but cannot hold maps",
    );
  }
  return spec;
}

/** `__uint(name, number)` is `int (*name)[number]`. */
function encodedNumber(btf: Btf, member: BtfMember, fail: (what: string) => FormatError): number {
  const array = skipModifiers(btf, pointedTo(btf, member, fail)).type;
  if (array.kind !== BtfKind.array) throw fail(`has a property "${member.name}" that is not a number`);
  return array.length;
}

/** `__type(name, type)` is `type *name`. */
function pointedTo(btf: Btf, member: BtfMember, fail: (what: string) => FormatError): number {
  const pointer = skipModifiers(btf, member.typeId).type;
  if (pointer.kind !== BtfKind.pointer) throw fail(`has a property "${member.name}" that is not a pointer`);
  return pointer.typeId;
}

/**
 * `__array(values, struct inner)` is `struct inner *values[]`, and an array of pointers to functions for a map of
 * programs, which has no inner map.
 */
function innerMap(btf: Btf, name: string, member: BtfMember, fail: (what: string) => FormatError): MapSpec | undefined {
  const array = skipModifiers(btf, member.typeId).type;
  const element = array.kind === BtfKind.array ? skipModifiers(btf, array.elementTypeId).type : undefined;
  if (element?.kind !== BtfKind.pointer) throw fail('has "values" that is not an array of pointers');
  const { id, type } = skipModifiers(btf, element.typeId);
  return type.kind === BtfKind.functionPrototype ? undefined : parseDefinition(btf, `${name}.inner`, id, false);
}

function sizeOfProperty(btf: Btf, typeId: number, what: string, fail: (what: string) => FormatError): number {
  const sizeBytes = sizeOf(btf, typeId);
  if (sizeBytes === undefined) throw fail(`has a ${what} without a size`);
  return sizeBytes;
}

function agreeing(before: number, now: number, what: string, fail: (what: string) => FormatError): number {
  if (before !== 0 && before !== now) throw fail(`has a ${what} of ${before} and of ${now} bytes`);
  return now;
}

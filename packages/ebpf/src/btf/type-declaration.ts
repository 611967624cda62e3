import { FormatError } from "../errors.ts";
import type { Btf } from "./btf.ts";
import { sizeOf, skipModifiers } from "./resolve.ts";
import { type BtfComposite, type BtfEnum, BtfKind, type BtfType } from "./types.ts";

/** Deepest nesting of structs and arrays, as for codecs. */
const maxDepth = 32;

/**
 * Writes the TypeScript types of what `compileCodec` makes: interfaces for structs, constants for enums.
 *
 * Ask for the {@link expression} of each type that is needed, then for the {@link declarations} that these expressions use.
 */
export class TypePrinter {
  readonly #btf: Btf;
  readonly #names: Map<number, string> = new Map();
  readonly #declarations: Map<string, string> = new Map();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /**
   * The type as it stands in other code: `bigint`, `string`, `SampleKey`, `number[]`.
   *
   * @throws {FormatError} when the type has no values, or contains itself.
   */
  expression(typeId: number): string {
    return this.#expression(typeId, 0);
  }

  /** All interfaces and constants that the expressions so far refer to, each exported, in the order they were met. */
  declarations(): string {
    return Array.from(this.#declarations.values()).join("\n");
  }

  #expression(typeId: number, depth: number): string {
    if (depth > maxDepth) throw new FormatError(`BTF type ${typeId} nests too deep, or contains itself`);
    const { id, type } = skipModifiers(this.#btf, typeId);
    switch (type.kind) {
      case BtfKind.int:
        if (type.bool && type.sizeBytes === 1) return "boolean";
        return type.sizeBytes > 4 ? "bigint" : "number";
      case BtfKind.pointer:
        return "bigint";
      case BtfKind.float:
        return "number";
      case BtfKind.enum:
      case BtfKind.enum64:
        this.#declareEnum(id, type, typeId);
        return type.sizeBytes > 4 ? "bigint" : "number";
      case BtfKind.array:
        return this.#array(type.elementTypeId, depth);
      case BtfKind.struct:
      case BtfKind.union:
        return this.#composite(id, type, typeId, depth);
      default:
        throw new FormatError(`BTF type ${typeId} has no values`);
    }
  }

  #array(elementTypeId: number, depth: number): string {
    const { type } = skipModifiers(this.#btf, elementTypeId);
    if (type.kind === BtfKind.int && type.sizeBytes === 1 && !type.bool) {
      if (type.name === "char") return "string";
      if (!type.signed) return "Uint8Array";
    }
    const element = this.#expression(elementTypeId, depth + 1);
    return element.startsWith("{") ? `Array<${element}>` : `${element}[]`;
  }

  #composite(id: number, type: BtfComposite, typeId: number, depth: number): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const cName = this.#nameOf(type, typeId);
    if (cName === "") return `{ ${this.#members(type, depth).join(" ")} }`;
    const name = this.#claim(id, cName);
    const keyword = type.kind === BtfKind.struct ? "struct" : "union";
    // The place is taken before the members are: what refers to this one comes after it.
    this.#declarations.set(name, "");
    const members = this.#members(type, depth).map((member) => `  ${member}\n`);
    const comment = `/** \`${keyword} ${commentSafe(cName)}\`: ${type.sizeBytes} bytes. */`;
    this.#declarations.set(name, `${comment}\nexport interface ${name} {\n${members.join("")}}\n`);
    return name;
  }

  /** The members as the codec names them: those of anonymous structs and unions are the owner's own. */
  #members(type: BtfComposite, depth: number): string[] {
    return type.members.flatMap((member) => {
      const inner = skipModifiers(this.#btf, member.typeId).type;
      if (member.name !== "") {
        return [`${propertyName(member.name)}: ${this.#member(member.typeId, member.bitSize, inner, depth)};`];
      }
      if (member.bitSize > 0 || (inner.kind !== BtfKind.struct && inner.kind !== BtfKind.union)) return [];
      if (depth >= maxDepth) throw new FormatError(`BTF type ${member.typeId} nests too deep, or contains itself`);
      return this.#members(inner, depth + 1);
    });
  }

  #member(typeId: number, bitSize: number, type: BtfType, depth: number): string {
    if (bitSize === 0) return this.#expression(typeId, depth + 1);
    if (type.kind === BtfKind.int && type.bool) return "boolean";
    return (sizeOf(this.#btf, typeId) ?? 0) > 4 ? "bigint" : "number";
  }

  #declareEnum(id: number, type: BtfEnum, typeId: number): void {
    const cName = this.#nameOf(type, typeId);
    if (cName === "" || this.#names.has(id)) return;
    const name = this.#claim(id, cName);
    const suffix = type.sizeBytes > 4 ? "n" : "";
    const values = type.values.map(
      ({ name: value, value: number }) => `  ${propertyName(value)}: ${number}${suffix},\n`,
    );
    const comment = `/** \`enum ${commentSafe(cName)}\`. */`;
    this.#declarations.set(name, `${comment}\nexport const ${name} = {\n${values.join("")}} as const;\n`);
  }

  /** C name of a type, or that of the typedef which an anonymous one was reached by. */
  #nameOf(type: BtfComposite | BtfEnum, typeId: number): string {
    if (type.name !== "") return type.name;
    return this.#btf.kind(typeId) === BtfKind.typedef ? this.#btf.name(typeId) : "";
  }

  /** A TypeScript name for a C name that no other type has. */
  #claim(id: number, cName: string): string {
    const base = typeName(cName);
    let name = base;
    for (let number = 2; this.#declarations.has(name); number++) name = `${base}${number}`;
    this.#names.set(id, name);
    return name;
  }
}

/** Declarations for one type; see {@link TypePrinter} for several. */
export function typeDeclaration(btf: Btf, typeId: number): string {
  const printer = new TypePrinter(btf);
  printer.expression(typeId);
  return printer.declarations();
}

/** `sample_key` is `SampleKey`. The name may come from a hostile file: nothing but letters and digits gets through. */
function typeName(cName: string): string {
  const words = cName.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return /^[A-Z]/.test(name) ? name : `Type${name}`;
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function commentSafe(name: string): string {
  return name.replaceAll(/[^\w$ .]/g, "?");
}

import { misfit, type Part, type Value } from "./part.ts";

export interface Field {
  readonly name: string;
  /** In bytes from the start of the struct. */
  readonly offset: number;
  readonly part: Part;
  /** One of several readings of the same bytes: may be left out when encoding. */
  readonly optional: boolean;
}

/** A struct, or a union if all its fields are optional; the fields of anonymous members are among them. */
export function compositePart(sizeBytes: number, fields: readonly Field[], isUnion: boolean): Part {
  const names = new Set(fields.map(({ name }) => name));
  const kind = isUnion ? "union" : "struct";
  const shape = `an object with ${Array.from(names).join(", ") || "no members"}`;
  return {
    sizeBytes,
    valueCount: fields.reduce((sum, { part }) => sum + part.valueCount, 1),
    fields,
    decode(view, offset) {
      const object: { [member: string]: Value } = {};
      for (const field of fields) object[field.name] = field.part.decode(view, offset + field.offset);
      return object;
    },
    encode(value, view, offset, path) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) throw misfit(path, shape, value);
      const members = value as Readonly<Record<string, unknown>>;
      for (const name of Object.keys(members)) {
        if (!names.has(name)) throw misfit(`${path}.${name}`, `no such member in the ${kind}`, members[name]);
      }
      for (const field of fields) {
        const member = members[field.name];
        if (member === undefined && field.optional) continue;
        field.part.encode(member, view, offset + field.offset, `${path}.${field.name}`);
      }
    },
  };
}

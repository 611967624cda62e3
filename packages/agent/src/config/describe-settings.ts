import * as v from "valibot";
import { settingsSchema } from "./settings-schema.ts";

/** A key of `skep.yaml`, as its schema describes it. */
export interface KeyDescription {
  readonly name: string;
  readonly help: string;
  /** Undefined for a key that has none, and for a section. */
  readonly standard: unknown;
  /** Of a key without a default. */
  readonly example: unknown;
  /** Of a section. */
  readonly keys: readonly KeyDescription[] | undefined;
}

/** A schema of valibot as far as it is walked here: each entry of an object is optional and wraps another schema. */
type AnySchema = v.BaseSchema<unknown, unknown, v.BaseIssue<unknown>>;
type Wrapper = AnySchema & { readonly wrapped: AnySchema; readonly default: unknown };
type Section = AnySchema & { readonly entries: Readonly<Record<string, AnySchema>> };

/** All keys, in the order of the schema. */
export function describeSettings(): readonly KeyDescription[] {
  return keysOf(settingsSchema) ?? [];
}

function keysOf(schema: AnySchema): KeyDescription[] | undefined {
  if (!isSection(schema)) return undefined;
  return Object.entries(schema.entries).map(([name, entry]) => {
    if (!isWrapper(entry)) throw new Error(`the schema has no default for ${name}`);
    const keys = keysOf(entry.wrapped);
    const [example]: readonly unknown[] = v.getExamples(entry.wrapped);
    return {
      name,
      help: v.getDescription(entry.wrapped) ?? "",
      standard: keys === undefined ? entry.default : undefined,
      example,
      keys,
    };
  });
}

function isSection(schema: AnySchema): schema is Section {
  return "entries" in schema;
}

function isWrapper(schema: AnySchema): schema is Wrapper {
  return schema.type === "optional" && "wrapped" in schema;
}

import fc from "fast-check";
import { type AnyValue, type Attributes, DoubleValue } from "../model/attributes.ts";
import type { Resource, Scope } from "../model/resource.ts";

/** 18 November 2026, to the nanosecond. */
export const someTime = 1_795_000_000_123_456_789n;

export const times: fc.Arbitrary<bigint> = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

export const uint32s: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff_ffff });

/** Counts as numbers and as bigints. */
export const counts: fc.Arbitrary<number | bigint> = fc.oneof(fc.maxSafeNat(), times);

/** Any text but those that begin with a byte order mark: it is sent as it is, but taken away by the tests' decoders. */
export function texts(constraints: Pick<fc.StringConstraints, "minLength" | "maxLength"> = {}): fc.Arbitrary<string> {
  return fc.string({ unit: "binary", ...constraints }).filter((text) => !text.startsWith("\uFEFF"));
}

/** Trace ids and span ids. */
export function ids(sizeBytes: number): fc.Arbitrary<string> {
  return fc
    .uint8Array({ minLength: sizeBytes, maxLength: sizeBytes })
    .map((bytes) => Buffer.from(bytes).toString("hex"));
}

const { value } = fc.letrec<{ value: AnyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    texts(),
    fc.boolean(),
    fc.double(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double().map((double) => new DoubleValue(double)),
    fc.uint8Array(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 3 }),
  ),
}));

/** Whatever an attribute or the body of a log record may be. */
export const anyValues: fc.Arbitrary<AnyValue> = value;

export const attributes: fc.Arbitrary<Attributes> = fc.dictionary(texts(), fc.option(anyValues, { nil: undefined }), {
  maxKeys: 4,
});

export const resources: fc.Arbitrary<Resource> = fc.record(
  { attributes, droppedAttributesCount: uint32s, schemaUrl: fc.string() },
  { requiredKeys: ["attributes"] },
);

export const scopes: fc.Arbitrary<Scope> = fc.record(
  { name: fc.string(), version: fc.string(), attributes, droppedAttributesCount: uint32s, schemaUrl: fc.string() },
  { requiredKeys: ["name"] },
);

import assert from "node:assert/strict";
import type { JsonValue } from "@bufbuild/protobuf";

type AttributeMap = Record<string, unknown>;

export interface ResolvedFrame {
  readonly name: string;
  readonly systemName: string;
  readonly file: string;
  readonly line: number;
  readonly address: bigint;
  readonly mapping: { file: string; range: [bigint, bigint]; offset: bigint; attributes: AttributeMap };
  readonly attributes: AttributeMap;
}

export interface ResolvedSample {
  readonly stack: readonly ResolvedFrame[];
  readonly attributes: AttributeMap;
  readonly span: { traceId: string; spanId: string } | undefined;
  readonly values: readonly bigint[];
}

export interface ResolvedProfile {
  readonly sampleType: readonly [string, string];
  readonly periodType: readonly [string, string];
  readonly period: bigint;
  readonly timeUnixNs: bigint;
  readonly durationNs: bigint;
  readonly attributes: AttributeMap;
  readonly samples: readonly ResolvedSample[];
}

export interface ResolvedResource {
  readonly attributes: AttributeMap;
  readonly scope: unknown;
  readonly profiles: readonly ResolvedProfile[];
}

/** A decoded message of which any field may be missing. */
interface Decoded {
  readonly [field: string]: JsonValue | undefined;
}

const decodedOf = (value: JsonValue | undefined): Decoded => (value ?? {}) as Decoded;
const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (value ?? []) as readonly JsonValue[];
const bigintOf = (value: JsonValue | undefined): bigint => BigInt((value ?? 0) as string | number);
const numberOf = (value: JsonValue | undefined): number => Number(value ?? 0);

/**
 * A decoded ExportProfilesServiceRequest with names in place of indexes.
 *
 * Checks on its way what the format demands of the dictionary: the entry 0 of each table is empty, no other is there
 * twice or without use, and no index leads nowhere.
 */
export function resolveProfiles(request: JsonValue): ResolvedResource[] {
  const dictionary = decodedOf(decodedOf(request)["dictionary"]);
  const tables = new Map(
    ["mapping", "location", "function", "link", "string", "attribute", "stack"].map((name) => {
      return [name, new CheckedTable(name, listOf(dictionary[`${name}Table`]))] as const;
    }),
  );
  const tableOf = (name: string): CheckedTable => {
    const table = tables.get(name);
    assert.ok(table);
    return table;
  };
  const entry = (table: string, index: JsonValue | undefined) => decodedOf(tableOf(table).at(index));
  const text = (index: JsonValue | undefined) => tableOf("string").at(index) as string;
  const valueType = (value: JsonValue | undefined): [string, string] => {
    const { typeStrindex, unitStrindex } = decodedOf(value);
    return [text(typeStrindex), text(unitStrindex)];
  };
  const attributes = (indices: JsonValue | undefined): AttributeMap =>
    Object.fromEntries(
      listOf(indices).map((index) => {
        assert.notEqual(index, 0);
        const { keyStrindex, value } = entry("attribute", index);
        return [text(keyStrindex), plainValue(value)];
      }),
    );
  const frame = (index: JsonValue): ResolvedFrame => {
    assert.notEqual(index, 0);
    const location = entry("location", index);
    const [line, ...inlined] = listOf(location["lines"]).map(decodedOf);
    assert.deepEqual(inlined, []);
    const called = entry("function", line?.["functionIndex"]);
    const mapping = entry("mapping", location["mappingIndex"]);
    return {
      name: text(called["nameStrindex"]),
      systemName: text(called["systemNameStrindex"]),
      file: text(called["filenameStrindex"]),
      line: numberOf(line?.["line"]),
      address: bigintOf(location["address"]),
      mapping: {
        file: text(mapping["filenameStrindex"]),
        range: [bigintOf(mapping["memoryStart"]), bigintOf(mapping["memoryLimit"])],
        offset: bigintOf(mapping["fileOffset"]),
        attributes: attributes(mapping["attributeIndices"]),
      },
      attributes: attributes(location["attributeIndices"]),
    };
  };
  const span = (index: JsonValue | undefined) => {
    const { traceId, spanId } = entry("link", index);
    const hex = (base64: JsonValue | undefined) => Buffer.from(base64 as string, "base64").toString("hex");
    return index === undefined ? undefined : { traceId: hex(traceId), spanId: hex(spanId) };
  };
  const sample = (value: JsonValue): ResolvedSample => {
    const { stackIndex, attributeIndices, linkIndex, values } = decodedOf(value);
    return {
      stack: listOf(entry("stack", stackIndex)["locationIndices"]).map(frame),
      attributes: attributes(attributeIndices),
      span: span(linkIndex),
      values: listOf(values).map(bigintOf),
    };
  };
  const profile = (value: JsonValue): ResolvedProfile => {
    const decoded = decodedOf(value);
    return {
      sampleType: valueType(decoded["sampleType"]),
      periodType: valueType(decoded["periodType"]),
      period: bigintOf(decoded["period"]),
      timeUnixNs: bigintOf(decoded["timeUnixNano"]),
      durationNs: bigintOf(decoded["durationNano"]),
      attributes: attributes(decoded["attributeIndices"]),
      samples: listOf(decoded["samples"]).map(sample),
    };
  };

  const resolved = listOf(decodedOf(request)["resourceProfiles"]).map((value): ResolvedResource => {
    const { resource, scopeProfiles } = decodedOf(value);
    const [scoped, ...others] = listOf(scopeProfiles).map(decodedOf);
    assert.deepEqual(others, []);
    const keyValues = listOf(decodedOf(resource)["attributes"]).map(decodedOf);
    return {
      attributes: Object.fromEntries(keyValues.map(({ key, value: any }) => [key, plainValue(any)])),
      scope: scoped?.["scope"],
      profiles: listOf(scoped?.["profiles"]).map(profile),
    };
  });
  for (const table of tables.values()) table.assertAllUsed();
  return resolved;
}

/** A table of the dictionary that sees what is asked of it. */
class CheckedTable {
  readonly #name: string;
  readonly #entries: readonly JsonValue[];
  readonly #used = new Set<number>([0]);

  constructor(name: string, entries: readonly JsonValue[]) {
    this.#name = name;
    this.#entries = entries;
    const zeros = (size: number) => Buffer.alloc(size).toString("base64");
    const empty: Readonly<Record<string, JsonValue>> = { string: "", link: { traceId: zeros(16), spanId: zeros(8) } };
    assert.deepEqual(entries[0], empty[name] ?? {}, `entry 0 of the ${name} table is empty`);
    assert.equal(
      new Set(entries.map((entry) => JSON.stringify(entry))).size,
      entries.length,
      `no ${name} is there twice`,
    );
  }

  at(index: JsonValue | undefined): JsonValue {
    const position = numberOf(index);
    const found = this.#entries[position];
    assert.ok(found !== undefined, `${this.#name} ${position} is in the table`);
    this.#used.add(position);
    return found;
  }

  assertAllUsed(): void {
    assert.equal(this.#used.size, this.#entries.length, `each ${this.#name} is used`);
  }
}

function plainValue(value: JsonValue | undefined): unknown {
  const { stringValue, intValue, arrayValue } = decodedOf(value);
  if (arrayValue !== undefined) return listOf(decodedOf(arrayValue)["values"]).map(plainValue);
  return stringValue ?? numberOf(intValue);
}

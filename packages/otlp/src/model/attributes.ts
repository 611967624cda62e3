import type { MessageSink } from "../encoding/message-sink.ts";

/**
 * A value that OTLP can carry: text, truth, number, bytes, or lists and maps of values. In a list, undefined and null
 * are the empty value, since the others must keep their places.
 *
 * A whole number within ±(2^53 - 1) is an integer, any other number is a double; {@link DoubleValue} makes a double of
 * a whole number too, for an attribute whose type must not depend on its value.
 */
export type AnyValue =
  | string
  | boolean
  | number
  | bigint
  | DoubleValue
  | Uint8Array
  | readonly (AnyValue | undefined)[]
  | AttributeMap
  | null;

/** Names and values; one that is undefined is not there. */
export type Attributes = AttributeMap;

interface AttributeMap {
  readonly [name: string]: AnyValue | undefined;
}

/** A double, even if it is whole. */
export class DoubleValue {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A field of KeyValue messages. */
export function describeAttributes(sink: MessageSink, field: number, name: string, attributes: Attributes = {}): void {
  for (const key of Object.keys(attributes)) {
    const value = attributes[key];
    if (value === undefined) continue;
    sink.beginElement(field, name);
    sink.string(1, "key", key);
    sink.message(2, "value", value, describeAnyValue);
    sink.end();
  }
}

/** opentelemetry.proto.common.v1.AnyValue; null is the message without a field, which means "empty". */
export function describeAnyValue(sink: MessageSink, value: AnyValue | undefined): void {
  if (typeof value === "string") sink.string(1, "stringValue", value);
  else if (typeof value === "boolean") sink.bool(2, "boolValue", value);
  else if (typeof value === "bigint") sink.int64(3, "intValue", value);
  else if (typeof value === "number") describeNumber(sink, value);
  else if (value instanceof DoubleValue) sink.double(4, "doubleValue", value.value);
  else if (value instanceof Uint8Array) sink.bytes(7, "bytesValue", value);
  else if (isList(value)) {
    sink.begin(5, "arrayValue");
    sink.messages(1, "values", value, describeAnyValue);
    sink.end();
  } else if (value !== null && value !== undefined) {
    sink.begin(6, "kvlistValue");
    describeAttributes(sink, 1, "values", value);
    sink.end();
  }
}

function describeNumber(sink: MessageSink, value: number): void {
  if (Number.isSafeInteger(value)) sink.int64(3, "intValue", value);
  else sink.double(4, "doubleValue", value);
}

/** Array.isArray, which does not narrow to arrays that are readonly. */
function isList(value: unknown): value is readonly (AnyValue | undefined)[] {
  return Array.isArray(value);
}

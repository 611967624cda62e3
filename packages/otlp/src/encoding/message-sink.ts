import { checkId, checkInt32, checkInt64, checkUint32, checkUint64, checkUint64s } from "./ranges.ts";

/** Says what a message holds: each field's number, name and value, to a sink that writes them in its encoding. */
export type Describe<Value> = (sink: MessageSink, value: Value) => void;

/**
 * Takes the fields of a message and writes them, as protobuf or as JSON.
 *
 * A message of OTLP is described once, by a function that calls this class with number and name of each field, and
 * so cannot be one thing in protobuf and another in JSON. Values are checked here, before either encoding sees them.
 *
 * `undefined` is a field that is not there. Everything else is written, zero too, which decodes to the same; where
 * that would cost many bytes, the description leaves it out.
 *
 * Field names are those of the `.proto` files in lowerCamelCase.
 */
export abstract class MessageSink {
  string(field: number, name: string, value: string | undefined): void {
    if (value !== undefined) this.putString(field, name, value);
  }

  bool(field: number, name: string, value: boolean | undefined): void {
    if (value !== undefined) this.putBool(field, name, value);
  }

  double(field: number, name: string, value: number | undefined): void {
    if (value !== undefined) this.putDouble(field, name, value);
  }

  bytes(field: number, name: string, value: Uint8Array | undefined): void {
    if (value !== undefined) this.putBytes(field, name, value);
  }

  /** A trace id (16 bytes) or a span id (8), given in hex: a bytes field that OTLP/JSON writes in hex too. */
  id(field: number, name: string, value: string | undefined, sizeBytes: 8 | 16): void {
    if (value === undefined) return;
    checkId(name, value, sizeBytes);
    this.putId(field, name, value);
  }

  /** int32 and enums, which OTLP/JSON writes as numbers. */
  int32(field: number, name: string, value: number | undefined): void {
    if (value === undefined) return;
    checkInt32(name, value);
    this.putInt32(field, name, value);
  }

  sint32(field: number, name: string, value: number | undefined): void {
    if (value === undefined) return;
    checkInt32(name, value);
    this.putSint32(field, name, value);
  }

  uint32(field: number, name: string, value: number | undefined): void {
    if (value === undefined) return;
    checkUint32(name, value);
    this.putUint32(field, name, value);
  }

  fixed32(field: number, name: string, value: number | undefined): void {
    if (value === undefined) return;
    checkUint32(name, value);
    this.putFixed32(field, name, value);
  }

  int64(field: number, name: string, value: number | bigint | undefined): void {
    if (value === undefined) return;
    checkInt64(name, value);
    this.putVarint64(field, name, value);
  }

  uint64(field: number, name: string, value: number | bigint | undefined): void {
    if (value === undefined) return;
    checkUint64(name, value);
    this.putVarint64(field, name, value);
  }

  fixed64(field: number, name: string, value: number | bigint | undefined): void {
    if (value === undefined) return;
    checkUint64(name, value);
    this.putFixed64(field, name, value);
  }

  sfixed64(field: number, name: string, value: number | bigint | undefined): void {
    if (value === undefined) return;
    checkInt64(name, value);
    this.putFixed64(field, name, value);
  }

  /** A repeated int32 field; the values are indexes that this package counted itself. */
  int32s(field: number, name: string, values: ArrayLike<number>): void {
    if (values.length > 0) this.putInt32s(field, name, values);
  }

  /** A repeated int64 field. */
  int64s(field: number, name: string, values: ArrayLike<number | bigint>): void {
    for (let index = 0; index < values.length; index++) checkInt64(name, values[index] ?? 0);
    if (values.length > 0) this.putVarint64s(field, name, values);
  }

  /** A repeated uint64 field. */
  uint64s(field: number, name: string, values: ArrayLike<number | bigint>): void {
    checkUint64s(name, values);
    if (values.length > 0) this.putVarint64s(field, name, values);
  }

  fixed64s(field: number, name: string, values: ArrayLike<number | bigint>): void {
    checkUint64s(name, values);
    if (values.length > 0) this.putFixed64s(field, name, values);
  }

  doubles(field: number, name: string, values: ArrayLike<number>): void {
    if (values.length > 0) this.putDoubles(field, name, values);
  }

  strings(field: number, name: string, values: Iterable<string>): void {
    for (const value of values) this.putStringElement(field, name, value);
  }

  message<Value>(field: number, name: string, value: Value | undefined, describe: Describe<Value>): void {
    if (value === undefined) return;
    this.begin(field, name);
    describe(this, value);
    this.end();
  }

  messages<Value>(field: number, name: string, values: Iterable<Value> | undefined, describe: Describe<Value>): void {
    if (values === undefined) return;
    for (const value of values) {
      this.beginElement(field, name);
      describe(this, value);
      this.end();
    }
  }

  /** Starts a nested message, which {@link end} ends. */
  abstract begin(field: number, name: string): void;
  /** Starts one message of a repeated field, which {@link end} ends. */
  abstract beginElement(field: number, name: string): void;
  abstract end(): void;

  protected abstract putString(field: number, name: string, value: string): void;
  protected abstract putStringElement(field: number, name: string, value: string): void;
  protected abstract putBool(field: number, name: string, value: boolean): void;
  protected abstract putDouble(field: number, name: string, value: number): void;
  protected abstract putBytes(field: number, name: string, value: Uint8Array): void;
  protected abstract putId(field: number, name: string, value: string): void;
  protected abstract putInt32(field: number, name: string, value: number): void;
  protected abstract putSint32(field: number, name: string, value: number): void;
  protected abstract putUint32(field: number, name: string, value: number): void;
  protected abstract putFixed32(field: number, name: string, value: number): void;
  protected abstract putVarint64(field: number, name: string, value: number | bigint): void;
  protected abstract putFixed64(field: number, name: string, value: number | bigint): void;
  protected abstract putInt32s(field: number, name: string, values: ArrayLike<number>): void;
  protected abstract putVarint64s(field: number, name: string, values: ArrayLike<number | bigint>): void;
  protected abstract putFixed64s(field: number, name: string, values: ArrayLike<number | bigint>): void;
  protected abstract putDoubles(field: number, name: string, values: ArrayLike<number>): void;
}

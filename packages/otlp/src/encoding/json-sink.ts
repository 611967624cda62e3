import { MessageSink } from "./message-sink.ts";

/** A message on its way to JSON: its fields by their names. */
type JsonMessage = Record<string, unknown>;

/**
 * Writes messages in OTLP's JSON encoding: protobuf's JSON mapping (64-bit integers as decimal strings, bytes in
 * base64), but enums as integers and trace and span ids in hex (opentelemetry.io/docs/specs/otlp).
 */
export class JsonSink extends MessageSink {
  readonly #root: JsonMessage = {};
  /** The messages that are begun and not ended, outermost first. */
  readonly #open: JsonMessage[] = [];
  #current: JsonMessage = this.#root;

  /** What was written. */
  get text(): string {
    return JSON.stringify(this.#root);
  }

  override begin(_field: number, name: string): void {
    const message: JsonMessage = {};
    this.#current[name] = message;
    this.#enter(message);
  }

  override beginElement(_field: number, name: string): void {
    const message: JsonMessage = {};
    this.#elements(name).push(message);
    this.#enter(message);
  }

  override end(): void {
    const outer = this.#open.pop();
    if (outer === undefined) throw new RangeError("no message has begun");
    this.#current = outer;
  }

  protected override putString(_field: number, name: string, value: string): void {
    this.#current[name] = value.toWellFormed();
  }

  protected override putStringElement(_field: number, name: string, value: string): void {
    this.#elements(name).push(value.toWellFormed());
  }

  protected override putBool(_field: number, name: string, value: boolean): void {
    this.#current[name] = value;
  }

  protected override putDouble(_field: number, name: string, value: number): void {
    this.#current[name] = jsonDouble(value);
  }

  protected override putBytes(_field: number, name: string, value: Uint8Array): void {
    this.#current[name] = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  }

  protected override putId(_field: number, name: string, value: string): void {
    this.#current[name] = value;
  }

  protected override putInt32(_field: number, name: string, value: number): void {
    this.#current[name] = value;
  }

  protected override putSint32(field: number, name: string, value: number): void {
    this.putInt32(field, name, value);
  }

  protected override putUint32(field: number, name: string, value: number): void {
    this.putInt32(field, name, value);
  }

  protected override putFixed32(field: number, name: string, value: number): void {
    this.putInt32(field, name, value);
  }

  protected override putVarint64(_field: number, name: string, value: number | bigint): void {
    this.#current[name] = jsonInteger64(value);
  }

  protected override putFixed64(field: number, name: string, value: number | bigint): void {
    this.putVarint64(field, name, value);
  }

  protected override putInt32s(_field: number, name: string, values: ArrayLike<number>): void {
    this.#current[name] = Array.from(values);
  }

  protected override putVarint64s(_field: number, name: string, values: ArrayLike<number | bigint>): void {
    this.#current[name] = Array.from(values, jsonInteger64);
  }

  protected override putFixed64s(field: number, name: string, values: ArrayLike<number | bigint>): void {
    this.putVarint64s(field, name, values);
  }

  protected override putDoubles(_field: number, name: string, values: ArrayLike<number>): void {
    this.#current[name] = Array.from(values, jsonDouble);
  }

  #enter(message: JsonMessage): void {
    this.#open.push(this.#current);
    this.#current = message;
  }

  #elements(name: string): unknown[] {
    const known = this.#current[name];
    if (Array.isArray(known)) return known;
    const elements: unknown[] = [];
    this.#current[name] = elements;
    return elements;
  }
}

/** Within 64 bits, no number is written with an exponent. */
function jsonInteger64(value: number | bigint): string {
  return String(value);
}

/** JSON's own numbers have no infinities and no NaN, and JSON.stringify drops the sign of -0. */
function jsonDouble(value: number): number | string {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? value : String(value);
}

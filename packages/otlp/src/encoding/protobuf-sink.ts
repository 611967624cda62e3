import { ProtobufWriter } from "../protobuf/writer.ts";
import { MessageSink } from "./message-sink.ts";

/** Writes messages in the protobuf encoding. */
export class ProtobufSink extends MessageSink {
  readonly #writer = new ProtobufWriter();
  /** Where the messages that are begun and not ended start, outermost first. */
  readonly #starts: number[] = [];

  /** What was written, in the sink's own memory: good until the next write. */
  get written(): Uint8Array {
    return this.#writer.written;
  }

  override begin(field: number): void {
    this.#starts.push(this.#writer.beginMessage(field));
  }

  override beginElement(field: number): void {
    this.begin(field);
  }

  override end(): void {
    const start = this.#starts.pop();
    if (start === undefined) throw new RangeError("no message has begun");
    this.#writer.endMessage(start);
  }

  protected override putString(field: number, _name: string, value: string): void {
    this.#writer.string(field, value);
  }

  protected override putStringElement(field: number, _name: string, value: string): void {
    this.#writer.string(field, value);
  }

  protected override putBool(field: number, _name: string, value: boolean): void {
    this.#writer.bool(field, value);
  }

  protected override putDouble(field: number, _name: string, value: number): void {
    this.#writer.double(field, value);
  }

  protected override putBytes(field: number, _name: string, value: Uint8Array): void {
    this.#writer.bytes(field, value);
  }

  protected override putId(field: number, _name: string, value: string): void {
    this.#writer.hex(field, value);
  }

  protected override putInt32(field: number, _name: string, value: number): void {
    this.#writer.varint(field, value);
  }

  protected override putSint32(field: number, _name: string, value: number): void {
    this.#writer.sint32(field, value);
  }

  protected override putUint32(field: number, _name: string, value: number): void {
    this.#writer.varint(field, value);
  }

  protected override putFixed32(field: number, _name: string, value: number): void {
    this.#writer.fixed32(field, value);
  }

  protected override putVarint64(field: number, _name: string, value: number | bigint): void {
    this.#writer.varint(field, value);
  }

  protected override putFixed64(field: number, _name: string, value: number | bigint): void {
    this.#writer.fixed64(field, value);
  }

  protected override putInt32s(field: number, _name: string, values: ArrayLike<number>): void {
    this.#writer.packedVarints(field, values);
  }

  protected override putVarint64s(field: number, _name: string, values: ArrayLike<number | bigint>): void {
    this.#writer.packedVarints(field, values);
  }

  protected override putFixed64s(field: number, _name: string, values: ArrayLike<number | bigint>): void {
    this.#writer.packedFixed64s(field, values);
  }

  protected override putDoubles(field: number, _name: string, values: ArrayLike<number>): void {
    this.#writer.packedDoubles(field, values);
  }
}

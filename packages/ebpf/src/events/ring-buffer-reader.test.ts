import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { RingBufferMap } from "../maps/ring-buffer-map.ts";
import { Errno } from "../sys/failure.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import { MapType } from "../sys/uapi.ts";
import { FakeSys } from "../testing/fake-sys.ts";
import { RingBufferReader } from "./ring-buffer-reader.ts";

/** What a real kernel can hardly be made to show: unfinished records, and positions about to overflow. */

const PAGE = 4096;
const RING = 4096;
const BUSY = 0x8000_0000;
const DISCARD = 0x4000_0000;

let sys: FakeSys;
let map: RingBufferMap;
beforeEach(() => {
  sys = new FakeSys();
  const shape = { name: "r", type: MapType.RINGBUF, keySizeBytes: 0, valueSizeBytes: 0, maxEntries: RING, flags: 0 };
  const fd = sys.pidfdOpen(1);
  map = new RingBufferMap(sys, FileDescriptor.own(sys, fd, "open", "open"), shape);
});
afterEach(() => map[Symbol.dispose]());

/** A writer in the kernel, by the same rules: reserve with BUSY, fill, then clear it. */
class Writer {
  readonly #consumer: DataView;
  readonly #producer: DataView;
  readonly #data: DataView;

  constructor(position = 0n) {
    const [consumer, producer] = Array.from(sys.mappings, ({ buffer }) => buffer);
    assert.ok(consumer !== undefined && producer !== undefined);
    this.#consumer = new DataView(consumer);
    this.#producer = new DataView(producer, 0, PAGE);
    this.#data = new DataView(producer, PAGE);
    this.#consumer.setBigUint64(0, position, true);
    this.#producer.setBigUint64(0, position, true);
  }

  get consumerPosition(): bigint {
    return this.#consumer.getBigUint64(0, true);
  }

  /** Answers where the record is, for `finish`. */
  reserve(sizeBytes: number): number {
    const position = this.#producer.getBigUint64(0, true);
    const offset = Number(position % BigInt(RING));
    this.#put(offset, (sizeBytes | BUSY) >>> 0);
    this.#producer.setBigUint64(0, position + BigInt(8 + Math.ceil(sizeBytes / 8) * 8), true);
    return offset;
  }

  finish(offset: number, sizeBytes: number, value: number, discard = false): void {
    this.#put(offset + 8, value);
    this.#put(offset, discard ? (sizeBytes | DISCARD) >>> 0 : sizeBytes);
  }

  /** What the whole ring holds before the next record. */
  fill(bytes: Uint8Array): void {
    new Uint8Array(this.#data.buffer, this.#data.byteOffset).set(bytes);
  }

  write(sizeBytes: number, value: number): void {
    this.finish(this.reserve(sizeBytes), sizeBytes, value);
  }

  #put(offset: number, value: number): void {
    this.#data.setUint32(offset % RING, value, true);
  }
}

function read(): { reader: RingBufferReader; values: number[] } {
  const values: number[] = [];
  const reader = new RingBufferReader(map, {
    sys,
    onRecord: (view, offset) => values.push(view.getUint32(offset, true)),
  });
  return { reader, values };
}

test("an unfinished record ends the turn, and holds back those behind it", () => {
  const { reader, values } = read();
  const writer = new Writer();
  writer.write(8, 1);
  const unfinished = writer.reserve(8);
  writer.write(8, 3);
  assert.equal(reader.drain(), 1);
  assert.deepEqual(values, [1]);
  assert.equal(writer.consumerPosition, 16n);
  assert.equal(reader.drain(), 0);
  writer.finish(unfinished, 8, 2);
  assert.equal(reader.drain(), 2);
  assert.deepEqual(values, [1, 2, 3]);
  reader[Symbol.dispose]();
  assert.equal(sys.mappings.size, 0);
});

test("a record that is finished while the others are handled is not left for the next wake-up", () => {
  const values: number[] = [];
  let finish: (() => void) | undefined;
  using reader = new RingBufferReader(map, {
    sys,
    onRecord(view, offset) {
      values.push(view.getUint32(offset, true));
      finish?.();
      finish = undefined;
    },
  });
  const writer = new Writer();
  writer.write(8, 1);
  const unfinished = writer.reserve(8);
  finish = () => writer.finish(unfinished, 8, 2);
  assert.equal(reader.drain(), 2);
  assert.deepEqual(values, [1, 2]);
});

test("a discarded record moves the position and is not handled", () => {
  const { reader, values } = read();
  using _ = reader;
  const writer = new Writer();
  writer.finish(writer.reserve(16), 16, 7, true);
  writer.write(8, 8);
  assert.equal(reader.drain(), 1);
  assert.deepEqual(values, [8]);
  assert.equal(writer.consumerPosition, 40n);
});

for (const start of [2n ** 31n - 32n, 2n ** 32n - 32n, 2n ** 53n - 32n, 2n ** 63n - 32n]) {
  test(`positions go on past ${start + 32n}`, () => {
    const { reader, values } = read();
    using _ = reader;
    const writer = new Writer(start);
    for (let value = 0; value < 600; value++) {
      writer.write(24, value);
      assert.equal(reader.pendingBytes, 32);
      assert.equal(reader.drain(), 1);
    }
    assert.deepEqual(
      values,
      Array.from({ length: 600 }, (_, index) => index),
    );
    assert.equal(writer.consumerPosition, start + 600n * 32n);
  });
}

test("records of any length are padded to 8 bytes", () => {
  const { reader, values } = read();
  using _ = reader;
  const writer = new Writer();
  for (const [value, sizeBytes] of [4, 5, 7, 8, 9, 15, 16, 17].entries()) writer.write(sizeBytes, value);
  assert.equal(reader.drain(), 8);
  assert.deepEqual(values, [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(reader.pendingBytes, 0);
});

test("a record that wraps around is handed over in one piece, also where only its header is before the end", () => {
  for (const before of [8, 16, 40]) {
    const seen: Buffer[] = [];
    using reader = new RingBufferReader(map, {
      sys,
      onRecord: (view, offset, sizeBytes) =>
        seen.push(Buffer.from(new Uint8Array(view.buffer, view.byteOffset + offset, sizeBytes))),
    });
    const writer = new Writer(BigInt(RING - before));
    writer.fill(Buffer.from(Array.from({ length: RING }, (_, index) => (index * 7) & 0xff)));
    const offset = writer.reserve(45);
    writer.finish(offset, 45, 0xabcd);
    writer.write(8, 0);
    assert.equal(reader.drain(), 2);
    const expected = Buffer.from(Array.from({ length: 45 }, (_, index) => ((RING - before + 8 + index) % RING) * 7));
    expected.writeUInt32LE(0xabcd, 0);
    assert.deepEqual(seen[0], expected, `${before} bytes before the end`);
    assert.equal(seen[1]?.length, 8);
  }
});

test("polling begins and ends with the reader", () => {
  const { reader, values } = read();
  const writer = new Writer();
  writer.write(8, 5);
  sys.polled.get(map.fd)?.();
  assert.deepEqual(values, [5]);
  reader[Symbol.dispose]();
  assert.equal(sys.polled.size, 0);
});

for (const failing of [1, 2]) {
  test(`nothing stays mapped when mapping number ${failing} fails`, () => {
    let mappings = 0;
    const refusing = new FakeSys({
      respond: ({ name }) => (name === "mmap" && ++mappings === failing ? -Errno.EPERM : undefined),
    });
    assert.throws(() => new RingBufferReader(map, { sys: refusing, onRecord: () => undefined }), {
      syscall: "mmap",
      errnoName: "EPERM",
    });
    assert.equal(refusing.mappings.size, 0);
    assert.equal(refusing.polled.size, 0);
  });
}

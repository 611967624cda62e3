import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
  writevSync,
} from "node:fs";
import { crc32 } from "node:zlib";
import type { Batch } from "../batch.ts";
import {
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameHeaderOf,
  readFrameHeader,
  STATE_DONE,
  STATE_OFFSET,
} from "./frame.ts";

/** A batch in a segment that waits. */
interface Position {
  readonly offset: number;
  readonly header: FrameHeader;
}

/** What taking the next batch of a segment came to. */
export type Taken =
  | { readonly kind: "batch"; readonly batch: Batch }
  /** Its bytes are not those that were written. */
  | { readonly kind: "damaged"; readonly itemCount: number; readonly problem: string };

/**
 * One file of a spool: frames, one after the other. What is written lies in the page cache, so it outlives the process,
 * however that ends; it is not forced to the disk, so the last seconds may not outlive the machine.
 */
export class Segment {
  readonly path: string;
  readonly #file: number;
  #sizeBytes: number;
  /** Where the oldest batch that waits may begin; all before it are done. */
  #firstWaiting = 0;
  #taken: Position | undefined;
  #itemCount = 0;
  #batchCount = 0;
  /** Bytes at the end that were no frame, and are cut off. */
  readonly tornBytes: number;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const fileBytes = fstatSync(this.#file).size;
      const framesBytes = this.#findFrames(fileBytes);
      this.tornBytes = fileBytes - framesBytes;
      this.#sizeBytes = this.#batchCount === 0 ? 0 : framesBytes;
      if (this.#sizeBytes < fileBytes) ftruncateSync(this.#file, this.#sizeBytes);
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  /** Zero where nothing waits. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Items that wait, those of the taken batch included. */
  get itemCount(): number {
    return this.#itemCount;
  }

  get batchCount(): number {
    return this.#batchCount;
  }

  /** @throws the error of the file system; the segment is then as it was. */
  append(batch: Batch): void {
    const header = frameHeaderOf(batch);
    const frameBytes = header.length + batch.body.length;
    try {
      const written = writevSync(this.#file, [header, batch.body], this.#sizeBytes);
      // A disk that is nearly full takes a part; the next write says why not all.
      if (written < frameBytes) this.#write(Buffer.concat([header, batch.body]).subarray(written), written);
    } catch (error) {
      // What is left of the frame would be a torn end.
      ftruncateSync(this.#file, this.#sizeBytes);
      throw error;
    }
    this.#sizeBytes += frameBytes;
    this.#itemCount += batch.itemCount;
    this.#batchCount++;
  }

  /**
   * The oldest batch that waits. A damaged one is done with by that.
   *
   * @throws the error of the file system, or one that says that the file is no longer what it was.
   */
  take(): Taken | undefined {
    if (this.#batchCount === 0) return undefined;
    const position = this.#nextWaiting(this.#firstWaiting);
    if (position === undefined) throw new Error("what waits in it is not found any more");
    this.#taken = position;
    const { offset, header } = position;
    const { encoding, compression, itemCount, bodyBytes, bodyChecksum } = header;
    const body = Buffer.allocUnsafeSlow(bodyBytes);
    const read = readSync(this.#file, body, 0, bodyBytes, offset + FRAME_HEADER_BYTES);
    if (read === bodyBytes && crc32(body) === bodyChecksum) {
      return { kind: "batch", batch: { body, encoding, compression, itemCount } };
    }
    try {
      this.settle();
    } catch {
      // Its mark matters after a restart, when it is found damaged again.
    }
    return { kind: "damaged", itemCount, problem: "a batch in it is damaged" };
  }

  /** The taken batch is done with. @throws the error of the file system; the batch is then done until a restart. */
  settle(): void {
    if (this.#taken === undefined) return;
    const { offset, header } = this.#taken;
    this.#taken = undefined;
    this.#firstWaiting = offset + FRAME_HEADER_BYTES + header.bodyBytes;
    this.#itemCount -= header.itemCount;
    this.#batchCount--;
    if (this.#batchCount === 0) {
      // Nothing in it is wanted any more.
      this.#firstWaiting = 0;
      this.#sizeBytes = 0;
      ftruncateSync(this.#file, 0);
    } else writeSync(this.#file, Uint8Array.of(STATE_DONE), 0, 1, offset + STATE_OFFSET);
  }

  close(): void {
    closeSync(this.#file);
  }

  remove(): void {
    this.close();
    unlinkSync(this.path);
  }

  #write(bytes: Uint8Array, offsetFromEnd: number): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#file, bytes, done, bytes.length - done, this.#sizeBytes + offsetFromEnd + done);
    }
  }

  /** Counts what waits; the offset at which the last whole frame ends. */
  #findFrames(fileBytes: number): number {
    let offset = 0;
    for (;;) {
      const header = this.#headerAt(offset);
      const end = offset + FRAME_HEADER_BYTES + (header?.bodyBytes ?? 0);
      if (header === undefined || end > fileBytes) return offset;
      if (!header.done) {
        this.#itemCount += header.itemCount;
        this.#batchCount++;
      }
      offset = end;
    }
  }

  #nextWaiting(from: number): Position | undefined {
    let offset = from;
    while (offset < this.#sizeBytes) {
      const header = this.#headerAt(offset);
      if (header === undefined) return undefined;
      if (!header.done) return { offset, header };
      offset += FRAME_HEADER_BYTES + header.bodyBytes;
    }
    return undefined;
  }

  #headerAt(offset: number): FrameHeader | undefined {
    const bytes = Buffer.alloc(FRAME_HEADER_BYTES);
    const read = readSync(this.#file, bytes, 0, FRAME_HEADER_BYTES, offset);
    return readFrameHeader(bytes.subarray(0, read));
  }
}

import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf, OtlpError } from "../../errors.ts";
import type { Batch } from "../batch.ts";
import type { BatchStore, OnDrop } from "../batch-store.ts";
import type { SpoolSettings } from "../settings.ts";
import { lockDirectory } from "./directory-lock.ts";
import { FRAME_HEADER_BYTES } from "./frame.ts";
import { Segment, type Taken } from "./segment.ts";

/** Room is made by dropping a whole segment, so one is a small part of the bound. */
const SEGMENTS = 16;
const MAX_SEGMENT_BYTES = 8 * 2 ** 20;
const SEGMENT_NAME = /^(\d{12})\.spool$/;

/**
 * Batches that wait on disk, in the files of a directory, numbered in their order. A batch is written before it is sent
 * and marked once it is done, so that after an end of any kind all that waited is sent, and only the one batch whose
 * mark was not yet made is sent twice.
 */
export class Spool implements BatchStore, Disposable {
  readonly #directory: string;
  readonly #lock: Disposable;
  readonly #maxBytes: number;
  readonly #maxSegmentBytes: number;
  readonly #onDrop: OnDrop;
  readonly #onProblem: (problem: OtlpError) => void;
  /** Oldest first; the last is written to. Those before it hold something that waits. */
  readonly #segments: Segment[] = [];
  #nextNumber = 1;
  /** The batch that is being sent; its segment may have been dropped meanwhile. */
  #taken: { readonly batch: Batch; readonly segment: Segment } | undefined;

  /**
   * Opens the spool of one signal, and finds what waits in it.
   *
   * @throws OtlpError of code `spool` when the directory cannot be used, or another exporter uses it.
   */
  static async open(
    settings: Required<SpoolSettings>,
    signalName: string,
    onDrop: OnDrop,
    onProblem: (problem: OtlpError) => void,
  ): Promise<Spool> {
    const directory = join(settings.directory, signalName);
    const usable = <T>(attempt: () => T): T => {
      try {
        return attempt();
      } catch (cause) {
        throw new OtlpError("spool", `the spool in ${directory} cannot be used: ${messageOf(cause)}`, { cause });
      }
    };
    usable(() => mkdirSync(directory, { recursive: true, mode: 0o700 }));
    const lock = await lockDirectory(directory);
    const spool = new Spool(directory, lock, settings.maxBytes, onDrop, onProblem);
    try {
      usable(() => spool.#findSegments());
    } catch (error) {
      spool[Symbol.dispose]();
      throw error;
    }
    return spool;
  }

  private constructor(
    directory: string,
    lock: Disposable,
    maxBytes: number,
    onDrop: OnDrop,
    onProblem: (problem: OtlpError) => void,
  ) {
    this.#directory = directory;
    this.#lock = lock;
    this.#maxBytes = maxBytes;
    this.#maxSegmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.ceil(maxBytes / SEGMENTS));
    this.#onDrop = onDrop;
    this.#onProblem = onProblem;
  }

  get itemCount(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.itemCount, this.#orphan?.itemCount ?? 0);
  }

  get batchCount(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.batchCount, this.#orphan === undefined ? 0 : 1);
  }

  /** Of the taken batch, which is in memory. */
  get takenBytes(): number {
    return this.#taken?.batch.body.length ?? 0;
  }

  /** Of the files. */
  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  /** @throws the error of the file system; the batch is then not in the spool. */
  put(batch: Batch): void {
    const frameBytes = FRAME_HEADER_BYTES + batch.body.length;
    if (frameBytes > this.#maxBytes) {
      this.#onDrop("spoolFull", batch.itemCount);
      return;
    }
    while (this.sizeBytes + frameBytes > this.#maxBytes) this.#dropOldest();
    this.#segmentFor(frameBytes).append(batch);
  }

  take(): Batch | undefined {
    for (;;) {
      const [segment] = this.#segments;
      const taken = segment === undefined ? undefined : this.#read(segment);
      if (segment === undefined || taken === undefined) return undefined;
      if (taken.kind === "batch") {
        this.#taken = { batch: taken.batch, segment };
        return taken.batch;
      }
      this.#onDrop("spoolFailed", taken.itemCount);
      this.#onProblem(new OtlpError("spool", `${segment.path}: ${taken.problem}; it is left out`));
    }
  }

  settle(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    if (taken === undefined || !this.#segments.includes(taken.segment)) return;
    try {
      taken.segment.settle();
      this.#removeIfDone(taken.segment);
    } catch (cause) {
      const message = `${taken.segment.path}: what was sent could not be marked, and may be sent again: ${messageOf(cause)}`;
      this.#onProblem(new OtlpError("spool", message, { cause }));
    }
  }

  /** The taken batch, where it is no longer on disk; it is no longer taken then. */
  takeOrphan(): Batch | undefined {
    const orphan = this.#orphan;
    if (orphan !== undefined) this.#taken = undefined;
    return orphan;
  }

  /** What waits stays on disk. */
  [Symbol.dispose](): void {
    this.#taken = undefined;
    for (const segment of this.#segments) {
      if (segment.batchCount === 0) segment.remove();
      else segment.close();
    }
    this.#lock[Symbol.dispose]();
  }

  #findSegments(): void {
    const names = readdirSync(this.#directory).filter((name) => SEGMENT_NAME.test(name));
    for (const name of names.sort()) {
      const segment = new Segment(join(this.#directory, name));
      this.#segments.push(segment);
      this.#nextNumber = Number(SEGMENT_NAME.exec(name)?.[1]) + 1;
      if (segment.tornBytes > 0) {
        const message = `${segment.path} ends within a batch; its last ${segment.tornBytes} bytes are left out`;
        this.#onProblem(new OtlpError("spool", message));
      }
    }
    for (const segment of [...this.#segments]) this.#removeIfDone(segment);
  }

  #segmentFor(frameBytes: number): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && (last.sizeBytes === 0 || last.sizeBytes + frameBytes <= this.#maxSegmentBytes))
      return last;
    const name = `${String(this.#nextNumber).padStart(12, "0")}.spool`;
    const segment = new Segment(join(this.#directory, name));
    this.#nextNumber++;
    this.#segments.push(segment);
    return segment;
  }

  #dropOldest(): void {
    const segment = this.#segments.shift();
    if (segment === undefined) throw new RangeError("nothing is left to drop");
    // The batch that is being sent is in memory, and may still be delivered.
    const takenItemCount = this.#taken?.segment === segment ? this.#taken.batch.itemCount : 0;
    this.#onDrop("spoolFull", segment.itemCount - takenItemCount);
    segment.remove();
  }

  get #orphan(): Batch | undefined {
    if (this.#taken === undefined || this.#segments.includes(this.#taken.segment)) return undefined;
    return this.#taken.batch;
  }

  /** The next batch of a segment; a segment that cannot be read is given up. */
  #read(segment: Segment): Taken | undefined {
    try {
      const taken = segment.take();
      if (taken?.kind === "damaged") this.#removeIfDone(segment);
      return taken;
    } catch (cause) {
      this.#segments.splice(this.#segments.indexOf(segment), 1);
      segment.close();
      return { kind: "damaged", itemCount: segment.itemCount, problem: messageOf(cause) };
    }
  }

  /** The last one stays, to be written to. */
  #removeIfDone(segment: Segment): void {
    if (segment.batchCount > 0 || segment === this.#segments.at(-1)) return;
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    segment.remove();
  }
}

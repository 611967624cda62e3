import type { Batch } from "./batch.ts";
import type { BatchStore, OnDrop } from "./batch-store.ts";
import type { QueueSettings } from "./settings.ts";

/** Batches that wait in memory. */
export class MemoryQueue implements BatchStore {
  readonly #limits: Required<QueueSettings>;
  readonly #onDrop: OnDrop;
  /** Oldest first; the taken one is not among them. */
  readonly #batches: Batch[] = [];
  #taken: Batch | undefined;
  #sizeBytes = 0;
  #itemCount = 0;

  constructor(limits: Required<QueueSettings>, onDrop: OnDrop) {
    this.#limits = limits;
    this.#onDrop = onDrop;
  }

  get itemCount(): number {
    return this.#itemCount;
  }

  get batchCount(): number {
    return this.#batches.length + (this.#taken === undefined ? 0 : 1);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  put(batch: Batch): void {
    // It would drive out all the others in vain.
    if (batch.body.length > this.#limits.maxBytes) {
      this.#onDrop("queueFull", batch.itemCount);
      return;
    }
    this.#batches.push(batch);
    this.#count(batch, 1);
    while (this.#sizeBytes > this.#limits.maxBytes || this.batchCount > this.#limits.maxBatches) {
      const oldest = this.#batches.shift();
      // Only the taken one is left, which fitted when it came.
      if (oldest === undefined) return;
      this.#count(oldest, -1);
      this.#onDrop("queueFull", oldest.itemCount);
    }
  }

  take(): Batch | undefined {
    this.#taken ??= this.#batches.shift();
    return this.#taken;
  }

  settle(): void {
    if (this.#taken === undefined) return;
    this.#count(this.#taken, -1);
    this.#taken = undefined;
  }

  /** All that waits, oldest first, the taken one included; none waits afterwards. */
  drain(): Batch[] {
    const all = this.#taken === undefined ? this.#batches.splice(0) : [this.#taken, ...this.#batches.splice(0)];
    this.#taken = undefined;
    this.#sizeBytes = 0;
    this.#itemCount = 0;
    return all;
  }

  #count(batch: Batch, sign: 1 | -1): void {
    this.#sizeBytes += sign * batch.body.length;
    this.#itemCount += sign * batch.itemCount;
  }
}

import type { Batch } from "./batch.ts";
import type { DropReason } from "./counts.ts";

/** Is told what a store had to give up. */
export type OnDrop = (reason: DropReason, itemCount: number) => void;

/** Batches that wait to be sent, first in, first out; bounded, at the cost of the oldest. */
export interface BatchStore {
  /** Items that wait, those of the taken batch included. */
  readonly itemCount: number;
  readonly batchCount: number;
  put(batch: Batch): void;
  /** The oldest batch, which stays in the store, and is not given up, until it is settled. */
  take(): Batch | undefined;
  /** The taken batch is done with. */
  settle(): void;
}

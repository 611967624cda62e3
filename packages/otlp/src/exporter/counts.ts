/**
 * Why items were given up:
 *
 * - `queueFull`: more waited in memory than {@link QueueSettings} allow
 * - `spoolFull`: more waited on disk than {@link SpoolSettings} allow
 * - `spoolFailed`: what was spooled could not be read back, or not as it was written
 * - `refused`: the receiver said that it will not take the batch
 * - `shutdown`: the exporter ended before the receiver took them
 */
export type DropReason = "queueFull" | "spoolFull" | "spoolFailed" | "refused" | "shutdown";

export const DROP_REASONS: readonly DropReason[] = ["queueFull", "spoolFull", "spoolFailed", "refused", "shutdown"];

/**
 * What became of the items (spans, data points, log records, profiles) that an exporter was given. At any time
 * `enqueued + recovered = delivered + rejected + (sum of dropped) + waiting`.
 */
export interface ExportCounts {
  readonly enqueued: number;
  /** Were found in the spool at the start. */
  readonly recovered: number;
  readonly delivered: number;
  /** Were in a batch that the receiver took but for them: partial success. */
  readonly rejected: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** In memory or on disk, those of the batch that is being sent included. */
  readonly waiting: number;
  readonly waitingBatches: number;
  /** Encoded bytes that wait in memory, those of the batch that is being sent included. */
  readonly memoryBytes: number;
  /** Size of the spool's files. */
  readonly spoolBytes: number;
  /** Tries to send a batch, and those of them that have to be repeated. */
  readonly tries: number;
  readonly failedTries: number;
  /** Batches that could not be written to the spool, and went on in memory. */
  readonly spoolWriteFailures: number;
}

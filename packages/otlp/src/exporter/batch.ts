import type { Compression, Encoding } from "../encoding/encode.ts";

/** An export request that is ready to be sent. */
export interface Batch {
  readonly body: Uint8Array;
  readonly encoding: Encoding;
  readonly compression: Compression;
  /** Spans, data points, log records or profiles in it. */
  readonly itemCount: number;
}

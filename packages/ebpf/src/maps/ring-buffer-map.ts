import { BpfMap } from "./bpf-map.ts";

/** A ring buffer that programs write records to: read it with a `RingBufferReader`. */
export class RingBufferMap extends BpfMap {
  /** Bytes of the ring; each record takes 8 more than its own, rounded up to 8. */
  get sizeBytes(): number {
    return this.maxEntries;
  }
}

import { endpointText } from "../addresses.ts";
import type { RetransmitStatistics } from "./packet-report.ts";
import type { PeerKey } from "./packet-rows.ts";

interface Entry extends PeerKey {
  segments: number;
  synAcks: number;
}

/** What one report takes out of the store. */
export interface StoredRetransmits {
  readonly retransmits: RetransmitStatistics[];
  /** Segments to peers that found no room. */
  readonly full: number;
}

/** Adds up what was sent again, by peer. */
export class RetransmitStore {
  readonly #entries = new Map<string, Entry>();
  readonly #limit: number;
  #full = 0;

  /** @param limit how many peers are kept apart; the first ones stay */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(key: PeerKey, segments: number, synAcks: number): void {
    const identity = `${key.networkNamespace} ${endpointText(key.peer)}`;
    let entry = this.#entries.get(identity);
    if (entry === undefined) {
      if (this.#entries.size >= this.#limit) {
        this.#full += segments + synAcks;
        return;
      }
      entry = { ...key, segments: 0, synAcks: 0 };
      this.#entries.set(identity, entry);
    }
    entry.segments += segments;
    entry.synAcks += synAcks;
  }

  /** All that was added since the last call; most first. */
  take(): StoredRetransmits {
    const count = ({ segments, synAcks }: RetransmitStatistics): number => segments + synAcks;
    const taken = {
      retransmits: Array.from(this.#entries.values()).sort((a, b) => count(b) - count(a)),
      full: this.#full,
    };
    this.#entries.clear();
    this.#full = 0;
    return taken;
  }
}

/**
 * Reads the flows of the kernel half. The layouts are those of flows.h:
 *
 * ```
 * flow_key    0     4       8           24         40           42          44       46
 *             | pid | image | local ... | peer ... | local_port | peer_port | family | - | 48
 * flow        0                8            16                   24               32
 *             | sent_datagrams | sent_bytes | received_datagrams | received_bytes | process_name | 48
 * ```
 */

import type { KeyedMap } from "@skep/ebpf";
import { readCounter, readName } from "../kernel-values.ts";
import type { TracedProcess } from "../traced-process.ts";
import { type Endpoint, endpointText } from "./addresses.ts";
import { readEndpoint } from "./request-records.ts";

const KEY_BYTES = 48;
const VALUE_BYTES = 48;

/** Datagrams that a process exchanged between two ends. */
export interface UdpFlow extends UdpTotals {
  readonly process: TracedProcess;
  /** Absent where the socket is bound to nothing. */
  readonly local?: Endpoint;
  /** Absent where the process didn't ask whom it received from. */
  readonly peer?: Endpoint;
}

export interface UdpTotals {
  readonly sentDatagrams: number;
  readonly sentBytes: number;
  readonly receivedDatagrams: number;
  readonly receivedBytes: number;
}

type MutableFlow = { -readonly [Name in keyof UdpFlow]: UdpFlow[Name] };

export const noDatagrams: UdpTotals = { sentDatagrams: 0, sentBytes: 0, receivedDatagrams: 0, receivedBytes: 0 };

/** Finds out who a process is. */
export type ProcessLookup = (pid: number, image: number, name: string) => TracedProcess;

/** Adds up flows by process and ends. */
export class UdpFlows {
  readonly #processOf: ProcessLookup;
  readonly #limit: number;
  readonly #flows = new Map<string, MutableFlow>();
  #unattributed = noDatagrams;

  /** @param limit how many are kept apart; more are unattributed */
  constructor(processOf: ProcessLookup, limit: number) {
    this.#processOf = processOf;
    this.#limit = limit;
  }

  /** Empties a table of the kernel half that no program fills any more. */
  take(map: KeyedMap<unknown, unknown>): void {
    for (const { count, keys, values } of map.takeBatches()) {
      for (let row = 0; row < count; row++) this.#add(keys, row * KEY_BYTES, values, row * VALUE_BYTES);
    }
  }

  addUnattributed(totals: UdpTotals): void {
    this.#unattributed = sumTotals(this.#unattributed, totals);
  }

  /** All since the last call; those with the most bytes first. */
  report(): { readonly flows: UdpFlow[]; readonly unattributed: UdpTotals } {
    const flows = Array.from(this.#flows.values()).sort((a, b) => bytesOf(b) - bytesOf(a));
    const unattributed = this.#unattributed;
    this.#flows.clear();
    this.#unattributed = noDatagrams;
    return { flows, unattributed };
  }

  #add(keys: DataView, key: number, values: DataView, value: number): void {
    const totals: UdpTotals = {
      sentDatagrams: readCounter(values, value),
      sentBytes: readCounter(values, value + 8),
      receivedDatagrams: readCounter(values, value + 16),
      receivedBytes: readCounter(values, value + 24),
    };
    const pid = keys.getUint32(key, true);
    const image = keys.getUint32(key + 4, true);
    const family = keys.getUint16(key + 44, true);
    const local = readEndpoint(keys, key + 8, key + 40, family);
    const peer = readEndpoint(keys, key + 24, key + 42, family);
    const identity = `${pid}/${image}/${text(local)}/${text(peer)}`;
    const known = this.#flows.get(identity);
    if (known !== undefined) {
      Object.assign(known, sumTotals(known, totals));
    } else if (this.#flows.size >= this.#limit) {
      this.addUnattributed(totals);
    } else {
      this.#flows.set(identity, {
        process: this.#processOf(pid, image, readName(values, value + 32)),
        ...(local !== undefined && { local }),
        ...(peer !== undefined && { peer }),
        ...totals,
      });
    }
  }
}

function text(endpoint: Endpoint | undefined): string {
  return endpoint === undefined ? "" : endpointText(endpoint);
}

export function sumTotals(a: UdpTotals, b: UdpTotals): UdpTotals {
  return {
    sentDatagrams: a.sentDatagrams + b.sentDatagrams,
    sentBytes: a.sentBytes + b.sentBytes,
    receivedDatagrams: a.receivedDatagrams + b.receivedDatagrams,
    receivedBytes: a.receivedBytes + b.receivedBytes,
  };
}

function bytesOf({ sentBytes, receivedBytes }: UdpTotals): number {
  return sentBytes + receivedBytes;
}

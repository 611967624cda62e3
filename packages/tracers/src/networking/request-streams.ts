import type { TracedProcess } from "../traced-process.ts";
import type { Endpoint } from "./addresses.ts";
import type { DnsExchanges } from "./dns/dns-exchanges.ts";
import { DnsStream } from "./dns/dns-stream.ts";
import type { HttpCounts } from "./http/http-counts.ts";
import type { HttpExchange } from "./http/http-request.ts";
import { HttpStream } from "./http/http-stream.ts";
import type { CloseReason } from "./http/protocol.ts";
import type { Direction } from "./http/segment.ts";
import { directions, RecordFlag, type RecordView } from "./request-records.ts";
import { StreamPositions } from "./stream-positions.ts";
import type { ProcessLookup } from "./udp-flows.ts";
import { Verdict, type VerdictMap } from "./verdicts.ts";

/** Less is copied faster than the kernel half is told to leave it out. */
const WORTH_SKIPPING_BYTES = 16 * 1024;
/** Positions further away have no unambiguous low bits. */
const FARTHEST_SKIP_BYTES = 2 ** 30;

/** A stream in which no protocol was found in so many bytes is not looked at any more. */
const GIVE_UP_BYTES = 256 * 1024;

/** Whose a stream is. */
export interface StreamOwner {
  readonly process: TracedProcess;
  readonly local: Endpoint | undefined;
  readonly peer: Endpoint | undefined;
}

export interface RequestStreamsOptions {
  readonly processOf: ProcessLookup;
  readonly verdicts: VerdictMap;
  /** Else all streams but those of DNS are let go as soon as they are heard of. */
  readonly http: boolean;
  readonly keepQuery: boolean;
  /** How many are kept; the ones that were silent longest go first. */
  readonly limit: number;
  readonly counts: HttpCounts;
  readonly dns: DnsExchanges<StreamOwner>;
  readonly onExchange: (exchange: HttpExchange, owner: StreamOwner) => void;
}

/** The connections that carry something of interest, from the kernel half's records. */
export class RequestStreams {
  readonly #options: RequestStreamsOptions;
  /** In the order in which they were heard of last, to about a second. */
  readonly #streams = new Map<number, Stream>();
  readonly #ofPid = new Map<number, Set<Stream>>();
  /** The sessions of TLS that go over a socket. */
  readonly #carriedBy = new Map<number, Set<Stream>>();
  #evicted = 0;

  constructor(options: RequestStreamsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Connections that had to make room for others. */
  get evicted(): number {
    return this.#evicted;
  }

  payload(record: RecordView): void {
    this.#streamOf(record).payload(record);
  }

  /** A stream, or one direction of it, is over. */
  end(record: RecordView): void {
    const key = record.stream;
    const isWhole = (record.flags & RecordFlag.endOfDirection) === 0;
    const concerned = [...(this.#carriedBy.get(key) ?? [])];
    const stream = this.#streams.get(key);
    if (stream !== undefined) concerned.push(stream);
    for (const each of concerned) {
      if (isWhole) this.#close(each, record.endNs, "closed");
      else each.endDirection(record.directionIndex, record.endNs);
    }
  }

  processExited(pid: number, atNs: bigint): void {
    for (const stream of this.#ofPid.get(pid) ?? []) this.#close(stream, atNs, "closed");
  }

  /** To be called now and then. */
  tick(nowNs: bigint): void {
    for (const stream of this.#streams.values()) stream.tick(nowNs);
  }

  /** Tracing ends. */
  closeAll(): void {
    for (const stream of this.#streams.values()) this.#close(stream, undefined, "untraced");
  }

  #streamOf(record: RecordView): Stream {
    const key = record.stream;
    const known = this.#streams.get(key);
    if (known?.isSame(record) === true) {
      if (known.isStale(record.endNs)) {
        this.#streams.delete(key);
        this.#streams.set(key, known);
      }
      if (known.pid !== record.pid) this.#changeOwner(known, record);
      if (known.carrier !== record.carrier) this.#changeCarrier(known, record);
      return known;
    }
    if (known !== undefined) this.#close(known, undefined, "untraced");
    const stream = new Stream(key, record, this.#options);
    this.#streams.set(key, stream);
    addTo(this.#ofPid, stream.pid, stream);
    if (stream.carrier !== undefined) addTo(this.#carriedBy, stream.carrier, stream);
    if (this.#streams.size > this.#options.limit) this.#evictOldest();
    return stream;
  }

  /** Another process goes on with the socket that it was given, or has inherited. */
  #changeOwner(stream: Stream, record: RecordView): void {
    removeFrom(this.#ofPid, stream.pid, stream);
    stream.setOwner(record);
    addTo(this.#ofPid, stream.pid, stream);
  }

  /** The socket below a session of TLS is known by now, or it is not any more: there seemed to be two. */
  #changeCarrier(stream: Stream, record: RecordView): void {
    if (stream.carrier !== undefined) removeFrom(this.#carriedBy, stream.carrier, stream);
    stream.carrier = record.carrier;
    stream.setOwner(record);
    if (stream.carrier !== undefined) addTo(this.#carriedBy, stream.carrier, stream);
  }

  #evictOldest(): void {
    const [oldest] = this.#streams.values();
    if (oldest === undefined) return;
    this.#evicted++;
    this.#close(oldest, undefined, "untraced");
  }

  #close(stream: Stream, atNs: bigint | undefined, reason: CloseReason): void {
    this.#streams.delete(stream.key);
    removeFrom(this.#ofPid, stream.pid, stream);
    if (stream.carrier !== undefined) removeFrom(this.#carriedBy, stream.carrier, stream);
    stream.close(atNs, reason);
  }
}

const STALE_NS = 1_000_000_000n;

/** One connection, or TLS session. */
class Stream {
  readonly key: number;
  /** The socket below a session of TLS, where it is known. */
  carrier: number | undefined;
  readonly #options: RequestStreamsOptions;
  readonly #sinceNs: number;
  readonly #verdict: Verdict;
  readonly #positions: readonly [StreamPositions, StreamPositions];
  /** Where payload is wanted again. */
  readonly #skipUntil: [number, number] = [0, 0];
  readonly #http: HttpStream | undefined;
  readonly #dns: readonly [DnsStream, DnsStream] | undefined;
  readonly #dnsEnds: [number | undefined, number | undefined];
  readonly #localPort: number;
  readonly #peerPort: number;
  /** When the peer said that it sends no more. */
  #receivedEndNs: bigint | undefined;
  #heardNs: bigint;
  #pid = 0;
  #image = 0;
  #owner: StreamOwner | undefined;
  #unrecognisedBytes = 0;

  constructor(key: number, record: RecordView, options: RequestStreamsOptions) {
    this.key = key;
    this.carrier = record.carrier;
    this.#options = options;
    this.#sinceNs = record.sinceNs;
    this.#heardNs = record.endNs;
    const isFromStart = (record.flags & RecordFlag.fromStart) !== 0;
    this.#positions = isFromStart
      ? [new StreamPositions(record.firstPosition(0)), new StreamPositions(record.firstPosition(1))]
      : [new StreamPositions(), new StreamPositions()];
    this.#dnsEnds = isFromStart ? [0, 0] : [undefined, undefined];
    this.#verdict = new Verdict(options.verdicts, record.keyBytes);
    this.#localPort = record.localPort;
    this.#peerPort = record.peerPort;
    this.setOwner(record);
    if ((record.flags & RecordFlag.dns) !== 0) this.#dns = [this.#dnsStream("received"), this.#dnsStream("sent")];
    else if (options.http) this.#http = this.#httpStream(record);
    else this.#refuse();
  }

  get pid(): number {
    return this.#pid;
  }

  /** False where the kernel half has lost sight of it, and counts its positions anew. */
  isSame(record: RecordView): boolean {
    return this.#sinceNs === record.sinceNs;
  }

  /** It was not heard of for a while; then this is noted. */
  isStale(nowNs: bigint): boolean {
    if (nowNs - this.#heardNs < STALE_NS) return false;
    this.#heardNs = nowNs;
    return true;
  }

  setOwner(record: RecordView): void {
    this.#pid = record.pid;
    this.#image = record.image;
    this.#owner = {
      process: this.#options.processOf(this.#pid, this.#image, record.processName),
      local: record.local,
      peer: record.peer,
    };
  }

  payload(record: RecordView): void {
    const index = record.directionIndex;
    const { lengthBytes, skippedBytes, startNs, endNs, data } = record;
    const position = this.#positions[index].extend(record.position);
    if (this.#dns !== undefined) {
      this.#dnsPayload(index, this.#dns[index], position, record);
      return;
    }
    const http = this.#http;
    if (http === undefined) return;
    const direction = directions[index] as Direction;
    if (skippedBytes > 0) {
      http.add({ direction, position, lengthBytes: skippedBytes, data: data.subarray(0, 0), startNs, endNs });
    }
    if (lengthBytes > skippedBytes) {
      http.add({
        direction,
        position: position + skippedBytes,
        lengthBytes: lengthBytes - skippedBytes,
        data,
        startNs,
        endNs,
      });
    }
    this.#renewSkip(index, position);
    if (http.protocol === undefined) this.#countUnrecognised(data.length);
  }

  endDirection(index: 0 | 1, atNs: bigint): void {
    if (index === 0) this.#receivedEndNs ??= atNs;
  }

  tick(nowNs: bigint): void {
    this.#http?.tick(nowNs);
  }

  close(atNs: bigint | undefined, reason: CloseReason): void {
    // A response without a length lasts until the peer has ended its side, not until somebody cares to close ours.
    this.#http?.close(atNs === undefined ? undefined : (this.#receivedEndNs ?? atNs), reason);
    this.#verdict.withdraw();
  }

  #httpStream(record: RecordView): HttpStream {
    const { keepQuery, counts, onExchange } = this.#options;
    return new HttpStream({
      tls: (record.flags & RecordFlag.tls) !== 0,
      keepQuery,
      joinedLate: (record.flags & RecordFlag.fromStart) === 0,
      counts,
      onRequest: (exchange) => {
        if (this.#owner !== undefined) onExchange(exchange, this.#owner);
      },
      onWanted: (direction, { skipUntil }) => this.#skip(direction === "sent" ? 1 : 0, skipUntil),
    });
  }

  /** What looked like HTTP to the kernel half may be something else. */
  #countUnrecognised(bytes: number): void {
    this.#unrecognisedBytes += bytes;
    if (this.#unrecognisedBytes >= GIVE_UP_BYTES) this.#refuse();
  }

  #refuse(): void {
    this.#verdict.refuse(0);
    this.#verdict.refuse(1);
  }

  #skip(index: 0 | 1, position: number): void {
    if (position === Infinity) {
      this.#verdict.refuse(index);
      return;
    }
    const { last } = this.#positions[index];
    this.#skipUntil[index] = position;
    if (position - last >= WORTH_SKIPPING_BYTES) this.#tellSkip(index, last, position);
  }

  /** Of a body of many GiB a part at a time. */
  #renewSkip(index: 0 | 1, position: number): void {
    const until = this.#skipUntil[index];
    if (until - position >= FARTHEST_SKIP_BYTES) this.#tellSkip(index, position, until);
  }

  #tellSkip(index: 0 | 1, from: number, until: number): void {
    const positions = this.#positions[index];
    const end = Math.min(until, from + FARTHEST_SKIP_BYTES * 1.5);
    this.#verdict.skip(index, positions.lowBitsOf(from), positions.lowBitsOf(end));
  }

  #dnsStream(direction: Direction): DnsStream {
    return new DnsStream((message, startNs, endNs) => {
      if (this.#owner === undefined) return;
      this.#options.dns.add({
        socket: this.key,
        owner: this.#owner,
        transport: "tcp",
        direction,
        localPort: this.#localPort,
        peerPort: this.#peerPort,
        message,
        startNs,
        endNs,
      });
    });
  }

  #dnsPayload(index: 0 | 1, dns: DnsStream, position: number, record: RecordView): void {
    const { lengthBytes, startNs, endNs, data } = record;
    const expected = this.#dnsEnds[index] ?? position;
    if (position > expected) dns.gap(position - expected, endNs);
    dns.bytes(data, startNs, endNs);
    if (lengthBytes > data.length) dns.gap(lengthBytes - data.length, endNs);
    this.#dnsEnds[index] = position + lengthBytes;
  }
}

function addTo<Key, Value>(sets: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}

function removeFrom<Key, Value>(sets: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const set = sets.get(key);
  if (set?.delete(value) === true && set.size === 0) sets.delete(key);
}

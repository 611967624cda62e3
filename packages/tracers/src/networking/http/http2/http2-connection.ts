import { HpackDecoder, type HpackResult } from "../hpack/hpack-decoder.ts";
import { HeaderFields } from "../hpack/kept-headers.ts";
import type { HttpExchange, HttpOutcome } from "../http-request.ts";
import type { CloseReason, HttpConnection, HttpConnectionOptions } from "../protocol.ts";
import { type Direction, opposite } from "../segment.ts";
import { type FrameHandler, FrameReader } from "./frame-reader.ts";
import { Setting } from "./frames.ts";
import { Http2Stream, isRequestBlock, statusOf } from "./http2-stream.ts";

/** Streams of a connection that are kept. Servers allow 100 to 1,000 at once. */
const MAX_STREAMS = 4_096;
/** Streams that were reset, of which more may be under way. */
const MAX_RESET_STREAMS = 128;

/** How often it is looked for what waits too long. */
const SWEEP_NS = 100_000_000n;
/** A response may be seen before its request, whose call has not returned yet. */
const EARLY_RESPONSE_NS = 500_000_000n;
/** The end of a response may be seen before that of its request; or the request never ends, as nobody reads it. */
const REQUEST_END_NS = 1_000_000_000n;
/** Where frames were missed, a response may be among them. */
const MISSED_RESPONSE_NS = 30_000_000_000n;

/** Of all blocks: one is read at a time. */
const fields = new HeaderFields();

/** Both directions of a connection of HTTP/2, with or without TLS around it: finds requests, and their responses by stream. */
export class Http2Connection implements HttpConnection {
  readonly #options: HttpConnectionOptions;
  readonly #requestDirection: Direction;
  readonly #isUpgraded: boolean;
  readonly #requests: FrameReader;
  readonly #responses: FrameReader;
  #requestHeaders: HpackDecoder;
  #responseHeaders: HpackDecoder;
  /** In the order in which they began. */
  readonly #streams = new Map<number, Http2Stream>();
  readonly #resetStreams = new Set<number>();
  /** The highest stream that the client has used. New ones are higher. */
  #highestStreamId = 0;
  /** A request may be under way whose beginning was not seen, and none with a higher number has begun since. */
  #isRequestMissed: boolean;
  #nowNs = 0n;
  #nextSweepNs = 0n;
  #isSweepNeeded = false;

  /** @param upgraded the request with which HTTP/1 ended on this connection: its answer is that of stream 1 */
  constructor(options: HttpConnectionOptions, upgraded?: HttpExchange) {
    const fromStart = !options.joinedLate;
    this.#options = options;
    this.#isRequestMissed = options.joinedLate;
    this.#requestDirection = options.side === "server" ? "received" : "sent";
    this.#requestHeaders = new HpackDecoder(fromStart);
    this.#responseHeaders = new HpackDecoder(fromStart);
    this.#requests = new FrameReader(fromStart, this.#requestHandler());
    this.#responses = new FrameReader(fromStart, this.#responseHandler());
    this.#isUpgraded = upgraded !== undefined;
    if (upgraded !== undefined) {
      this.#highestStreamId = 1;
      this.#newStream(1).setUpgraded(upgraded);
    }
  }

  /** Streams that are kept. */
  get streamCount(): number {
    return this.#streams.size;
  }

  bytes(direction: Direction, position: number, data: Uint8Array, startNs: bigint, endNs: bigint): void {
    this.#noteTime(endNs);
    this.#reader(direction).bytes(position, data, startNs, endNs);
  }

  gap(direction: Direction, _position: number, lengthBytes: number, atNs: bigint | undefined): void {
    if (atNs !== undefined) this.#noteTime(atNs);
    this.#reader(direction).gap(lengthBytes, atNs);
  }

  tick(nowNs: bigint): void {
    this.#noteTime(nowNs);
    if (!this.#isSweepNeeded || this.#nowNs < this.#nextSweepNs) return;
    this.#nextSweepNs = this.#nowNs + SWEEP_NS;
    this.#isSweepNeeded = false;
    for (const stream of this.#streams.values()) {
      if (stream.waitsSinceNs === undefined) continue;
      const waitedNs = this.#nowNs - stream.waitsSinceNs;
      if (stream.requestStartNs === undefined && waitedNs > EARLY_RESPONSE_NS) this.#giveUpResponse(stream);
      else if (stream.isResponseEnded && waitedNs > REQUEST_END_NS)
        this.#finish(stream, "complete", stream.responseEndNs);
      else if (waitedNs > MISSED_RESPONSE_NS) {
        this.#finish(stream, stream.isAnswered ? "complete" : "unanswered", undefined);
      } else this.#isSweepNeeded = true;
    }
  }

  close(atNs: bigint | undefined, reason: CloseReason): void {
    for (const stream of this.#streams.values()) {
      this.#addOpenData(stream);
      if (stream.requestStartNs === undefined) this.#giveUpResponse(stream);
      else if (stream.isResponseEnded) this.#finish(stream, "complete", stream.responseEndNs);
      else if (reason === "closed") this.#finish(stream, "aborted", atNs);
      else this.#finish(stream, "unanswered", undefined);
    }
  }

  #requestHandler(): FrameHandler {
    return {
      block: (streamId, promisedId, isEndOfStream, bytes, start, end, isWhole, startNs) => {
        const result = this.#decode(this.#requestHeaders, bytes, start, end, isWhole);
        // A client promises nothing.
        if (promisedId === 0) this.#addRequestBlock(streamId, isEndOfStream, result, startNs);
      },
      data: (streamId, lengthBytes, isEndOfStream) => {
        this.#highestStreamId = Math.max(this.#highestStreamId, streamId);
        const stream = this.#streams.get(streamId);
        if (stream === undefined) return;
        stream.requestBytes += lengthBytes;
        if (isEndOfStream) this.#endRequest(stream);
      },
      reset: (streamId, endNs) => this.#reset(streamId, endNs),
      // It would be about what the server pushes.
      goaway: () => undefined,
      setting: (id, value) => this.#applySetting(id, value, this.#responseHeaders, this.#responses),
      preface: () => {
        this.#isRequestMissed = false;
        // Behind an upgrade the server need not wait for it.
        if (this.#isUpgraded) return;
        // No block can have come before it, in either direction.
        this.#requestHeaders = new HpackDecoder(true);
        this.#responseHeaders = new HpackDecoder(true);
      },
      framingLost: () => {
        this.#options.counts.trouble.framingLost++;
        this.#loseTable(this.#requestHeaders);
      },
      framesMissed: () => {
        this.#isRequestMissed = true;
        for (const stream of this.#streams.values()) {
          if (stream.isRequestEnded) continue;
          stream.requestBytes = Number.NaN;
          // Its end may have gone by, so that nobody is to wait for it.
          stream.isRequestEnded = true;
          if (stream.isResponseEnded) this.#finish(stream, "complete", stream.responseEndNs);
        }
      },
      ...this.#commonHandlers(this.#requestDirection),
    };
  }

  #responseHandler(): FrameHandler {
    return {
      block: (streamId, promisedId, isEndOfStream, bytes, start, end, isWhole, startNs, endNs) => {
        this.#decode(this.#responseHeaders, bytes, start, end, isWhole);
        if (promisedId > 0) this.#addPromise(promisedId, startNs);
        else if (promisedId === 0) this.#addResponseBlock(streamId, isEndOfStream, isWhole, endNs);
      },
      data: (streamId, lengthBytes, isEndOfStream, endNs) => {
        const stream = this.#streams.get(streamId);
        if (stream === undefined) return;
        this.#noteResponse(stream);
        stream.isAnswered = true;
        stream.responseBytes += lengthBytes;
        if (isEndOfStream) this.#endResponse(stream, endNs);
      },
      reset: (streamId, endNs) => this.#reset(streamId, endNs),
      goaway: (lastStreamId, endNs) => {
        for (const stream of this.#streams.values()) {
          // The client's have odd numbers. The server has not looked at them, and will not.
          if (stream.id > lastStreamId && stream.id % 2 === 1) this.#reset(stream.id, endNs);
        }
      },
      setting: (id, value) => this.#applySetting(id, value, this.#requestHeaders, this.#requests),
      preface: () => undefined,
      framingLost: () => {
        this.#options.counts.trouble.framingLost++;
        this.#loseTable(this.#responseHeaders);
      },
      framesMissed: () => {
        for (const stream of this.#streams.values()) this.#doubtResponse(stream);
      },
      ...this.#commonHandlers(opposite(this.#requestDirection)),
    };
  }

  #commonHandlers(direction: Direction): Pick<FrameHandler, "skipUntil" | "ignored"> {
    const { sink, counts } = this.#options;
    return {
      skipUntil: (position) => sink.skipUntil(direction, position),
      ignored: (lengthBytes) => {
        counts.trouble.ignoredBytes += lengthBytes;
      },
    };
  }

  #reader(direction: Direction): FrameReader {
    return direction === this.#requestDirection ? this.#requests : this.#responses;
  }

  #noteTime(nowNs: bigint): void {
    if (nowNs > this.#nowNs) this.#nowNs = nowNs;
  }

  #applySetting(id: number, value: number, decoder: HpackDecoder, reader: FrameReader): void {
    if (id === Setting.headerTableSize) decoder.allowTableBytes(value);
    else if (id === Setting.maxFrameSize) reader.allowFrameBytes(value);
  }

  /** Into `fields`. */
  #decode(decoder: HpackDecoder, bytes: Uint8Array, start: number, end: number, isWhole: boolean): HpackResult {
    const result = decoder.decode(bytes, start, end, isWhole, fields);
    const { trouble } = this.#options.counts;
    if (result === "malformed") trouble.malformedHeads++;
    // What the rest of the block would have put into the table is not known.
    if (result !== "complete") trouble.headerTablesLost++;
    return result;
  }

  /** Blocks may have gone by unseen. */
  #loseTable(decoder: HpackDecoder): void {
    decoder.lose();
    this.#options.counts.trouble.headerTablesLost++;
  }

  #addRequestBlock(streamId: number, isEndOfStream: boolean, result: HpackResult, startNs: bigint): void {
    const isHigher = streamId > this.#highestStreamId;
    if (isHigher) this.#highestStreamId = streamId;
    const known = this.#streams.get(streamId);
    if (known?.requestStartNs !== undefined) {
      // Trailers.
      if (isEndOfStream) this.#endRequest(known);
      return;
    }
    // Trailers of a request that was not seen end its stream, and have nothing of a request.
    const mayBeTrailers =
      isEndOfStream && (this.#isRequestMissed || (result === "complete" && fields.unknownCount === 0));
    const isRequest = isRequestBlock(fields) || (isHigher && !mayBeTrailers);
    if (!isRequest || streamId % 2 === 0) return;
    this.#isRequestMissed = false;
    const stream = known ?? this.#newStream(streamId);
    this.#options.counts.seen++;
    stream.setRequest(fields, startNs, this.#options.keepQuery);
    stream.waitsSinceNs = undefined;
    if (stream.isResponseEnded) this.#wait(stream);
    if (this.#responses.isMissing) this.#doubtResponse(stream);
    if (isEndOfStream) this.#endRequest(stream);
    if (stream.isTunnel) this.#finishTunnel(stream, this.#nowNs);
  }

  #addPromise(promisedId: number, startNs: bigint): void {
    if (this.#streams.has(promisedId)) return;
    const stream = this.#newStream(promisedId);
    this.#options.counts.seen++;
    stream.setRequest(fields, startNs, this.#options.keepQuery);
    stream.isRequestEnded = true;
  }

  #addResponseBlock(streamId: number, isEndOfStream: boolean, isWhole: boolean, endNs: bigint | undefined): void {
    const stream = this.#streams.get(streamId) ?? this.#earlyResponse(streamId, isEndOfStream, isWhole);
    if (stream === undefined) return;
    this.#noteResponse(stream);
    stream.addResponse(fields);
    if (stream.requestStartNs !== undefined && stream.isTunnel) this.#finishTunnel(stream, endNs);
    else if (isEndOfStream) this.#endResponse(stream, endNs);
  }

  /** A response of which no request was seen: a place for it, if the request may still come. */
  #earlyResponse(streamId: number, isEndOfStream: boolean, isWhole: boolean): Http2Stream | undefined {
    const status = statusOf(fields);
    const isResponse = status !== undefined || !isEndOfStream || !isWhole;
    if (!isResponse || (status !== undefined && status < 200)) return undefined;
    if (this.#resetStreams.has(streamId)) return undefined;
    if (streamId <= this.#highestStreamId || streamId % 2 === 0) {
      this.#options.counts.trouble.unpairedResponses++;
      return undefined;
    }
    const stream = this.#newStream(streamId);
    this.#wait(stream);
    return stream;
  }

  #newStream(streamId: number): Http2Stream {
    if (this.#streams.size >= MAX_STREAMS) {
      const [oldest] = this.#streams.values();
      if (oldest?.requestStartNs === undefined) this.#options.counts.trouble.unpairedResponses++;
      else this.#options.counts.lost.underWayLimit++;
      if (oldest !== undefined) this.#streams.delete(oldest.id);
    }
    const stream = new Http2Stream(streamId);
    this.#streams.set(streamId, stream);
    return stream;
  }

  #endRequest(stream: Http2Stream): void {
    stream.isRequestEnded = true;
    if (stream.isResponseEnded) this.#finish(stream, "complete", stream.responseEndNs);
  }

  #endResponse(stream: Http2Stream, endNs: bigint | undefined): void {
    if (stream.isResponseEnded) return;
    stream.isResponseEnded = true;
    stream.responseEndNs = endNs;
    if (stream.requestStartNs === undefined) return;
    if (stream.isRequestEnded) this.#finish(stream, "complete", endNs);
    else this.#wait(stream);
  }

  /** A frame of its response shows that its end has not gone by unseen. */
  #noteResponse(stream: Http2Stream): void {
    if (stream.requestStartNs !== undefined && !stream.isResponseEnded) stream.waitsSinceNs = undefined;
  }

  /** Parts of its response may go by unseen. */
  #doubtResponse(stream: Http2Stream): void {
    if (stream.isResponseEnded) return;
    stream.responseBytes = Number.NaN;
    this.#wait(stream);
  }

  #wait(stream: Http2Stream): void {
    stream.waitsSinceNs ??= this.#nowNs;
    this.#isSweepNeeded = true;
  }

  #reset(streamId: number, endNs: bigint | undefined): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    if (stream.requestStartNs === undefined) this.#giveUpResponse(stream);
    // A server that has answered may refuse the rest of the request so.
    else if (stream.isResponseEnded) this.#finish(stream, "complete", stream.responseEndNs);
    else {
      this.#addOpenData(stream);
      this.#finish(stream, "aborted", endNs);
      this.#resetStreams.add(streamId);
      const [oldest] = this.#resetStreams;
      if (this.#resetStreams.size > MAX_RESET_STREAMS && oldest !== undefined) this.#resetStreams.delete(oldest);
    }
  }

  /** Adds what went of frames that have not ended. */
  #addOpenData(stream: Http2Stream): void {
    const request = this.#requests.openData;
    const response = this.#responses.openData;
    if (request?.streamId === stream.id) stream.requestBytes += request.lengthBytes;
    if (response?.streamId === stream.id) stream.responseBytes += response.lengthBytes;
  }

  #giveUpResponse(stream: Http2Stream): void {
    this.#streams.delete(stream.id);
    this.#options.counts.trouble.unpairedResponses++;
  }

  #finishTunnel(stream: Http2Stream, endNs: bigint | undefined): void {
    this.#finish(stream, stream.isUpgrade ? "upgraded" : "tunnelled", endNs);
    this.#resetStreams.add(stream.id);
  }

  #finish(stream: Http2Stream, outcome: HttpOutcome, endNs: bigint | undefined): void {
    if (stream.requestStartNs === undefined) return;
    this.#streams.delete(stream.id);
    this.#options.counts.delivered++;
    this.#options.sink.exchange(stream.exchange(this.#options, outcome, stream.requestStartNs, endNs));
  }
}

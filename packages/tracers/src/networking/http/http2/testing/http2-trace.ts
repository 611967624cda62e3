import { HttpCounts } from "../../http-counts.ts";
import type { HttpExchange } from "../../http-request.ts";
import type { CloseReason, HttpConnectionOptions } from "../../protocol.ts";
import type { Direction } from "../../segment.ts";
import { Http2Connection } from "../http2-connection.ts";

/** A connection of a server, and what came out of it. Each call takes 1 ns, and begins 10 ns after the last one. */
export class Http2Trace {
  readonly counts: HttpCounts = new HttpCounts();
  readonly exchanges: HttpExchange[] = [];
  readonly skips: { readonly direction: Direction; readonly position: number }[] = [];
  readonly connection: Http2Connection;
  readonly #positions = { received: 0, sent: 0 };
  nowNs = 0n;

  constructor(options: Partial<Omit<HttpConnectionOptions, "sink" | "counts">> = {}) {
    this.connection = new Http2Connection({
      side: "server",
      tls: false,
      keepQuery: false,
      joinedLate: false,
      ...options,
      counts: this.counts,
      sink: {
        exchange: (exchange) => this.exchanges.push(exchange),
        skipUntil: (direction, position) => this.skips.push({ direction, position }),
      },
    });
  }

  bytes(direction: Direction, data: Uint8Array): void {
    this.nowNs += 10n;
    this.connection.bytes(direction, this.#positions[direction], data, this.nowNs, this.nowNs + 1n);
    this.#positions[direction] += data.length;
  }

  received(...frames: Uint8Array[]): this {
    this.bytes("received", Buffer.concat(frames));
    return this;
  }

  sent(...frames: Uint8Array[]): this {
    this.bytes("sent", Buffer.concat(frames));
    return this;
  }

  gap(direction: Direction, lengthBytes: number): this {
    this.nowNs += 10n;
    this.connection.gap(direction, this.#positions[direction], lengthBytes, this.nowNs);
    this.#positions[direction] += lengthBytes;
    return this;
  }

  wait(ns: bigint): this {
    this.nowNs += ns;
    this.connection.tick(this.nowNs);
    return this;
  }

  close(reason: CloseReason = "closed"): this {
    this.nowNs += 10n;
    this.connection.close(this.nowNs, reason);
    return this;
  }

  /** All that are under way have to be accounted for. */
  get addsUp(): boolean {
    const { seen, delivered, lost, underWay } = this.counts;
    const lostCount = Object.values(lost).reduce((sum, count) => sum + count, 0);
    return seen === delivered + lostCount && underWay === 0 && delivered === this.exchanges.length;
  }
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { DnsExchanges } from "./dns/dns-exchanges.ts";
import { HttpCounts } from "./http/http-counts.ts";
import type { HttpExchange } from "./http/http-request.ts";
import { RECORD_HEADER_BYTES, RecordFlag, RecordKind, RecordView } from "./request-records.ts";
import { RequestStreams, type StreamOwner } from "./request-streams.ts";

const RECEIVED = 0;
const SENT = 1;
/** TCP's numbers of the first bytes: both pass the end of 32 bits soon. */
const FIRST_POSITIONS = [0xffff_fff0, 0xffff_ff80] as const;

/** A connection of a client, from its first byte on: each call takes 1 ms, and the next one begins 1 us later. */
class Connection {
  readonly #view: RecordView = new RecordView();
  readonly #ends: [number, number] = [0, 0];
  #nowNs = 1_000_000_000n;

  /** What a call moves. */
  next(direction: 0 | 1, text: string): RecordView {
    const data = new TextEncoder().encode(text);
    const view = new DataView(new ArrayBuffer(RECORD_HEADER_BYTES + data.length));
    view.setUint32(0, RecordKind.payload, true);
    view.setUint8(4, direction);
    view.setUint8(5, RecordFlag.fromStart);
    view.setUint32(40, 4711, true);
    view.setBigUint64(64, this.#nowNs, true);
    this.#nowNs += 1_000_000n;
    view.setBigUint64(72, this.#nowNs, true);
    this.#nowNs += 1_000n;
    view.setUint32(88, data.length, true);
    view.setUint32(96, (FIRST_POSITIONS[direction] + this.#ends[direction]) >>> 0, true);
    view.setUint32(104, data.length, true);
    view.setUint32(152, FIRST_POSITIONS[RECEIVED], true);
    view.setUint32(156, FIRST_POSITIONS[SENT], true);
    new Uint8Array(view.buffer).set(data, RECORD_HEADER_BYTES);
    this.#ends[direction] += data.length;
    return this.#view.at(view, 0);
  }
}

function streams(onExchange: (exchange: HttpExchange) => void): RequestStreams {
  return new RequestStreams({
    processOf: (pid, _image, name) => ({ pid, name }),
    verdicts: { setBytes: () => undefined, deleteBytes: () => true },
    http: true,
    keepQuery: false,
    limit: 10,
    counts: new HttpCounts(),
    dns: new DnsExchanges<StreamOwner>({ onExchange: () => undefined }),
    onExchange,
  });
}

const request = (index: number): string => `GET /${index} HTTP/1.1\r\nhost: a\r\n\r\n`;
const response = (index: number): string => `HTTP/1.1 ${200 + index} OK\r\ncontent-length: 2\r\n\r\nok`;

for (const lost of [0, 1, 4]) {
  test(`response ${lost} of a connection is lost: the others stay with their requests`, () => {
    const found: (readonly [string | undefined, number | undefined])[] = [];
    const traced = streams(({ path, status }) => found.push([path, status]));
    const connection = new Connection();
    for (let index = 0; index < 5; index++) {
      traced.payload(connection.next(SENT, request(index)));
      const answer = connection.next(RECEIVED, response(index));
      if (index !== lost) traced.payload(answer);
    }
    traced.closeAll();
    assert.deepEqual(
      found.sort(),
      Array.from({ length: 5 }, (_, index) => [`/${index}`, index === lost ? undefined : 200 + index]),
    );
  });
}

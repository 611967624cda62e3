import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { HttpError } from "./http-error.ts";

/** What a route gives. */
export interface Answer {
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Below this, an answer fits into a packet anyway. */
const GZIP_FROM_BYTES = 1400;
/** Of answers that their readers have not taken yet. */
const MAXIMUM_UNSENT_BYTES = 8 * 1024 * 1024;

const compress = promisify(gzip);

export function json(value: unknown): Answer {
  return { contentType: "application/json", body: JSON.stringify(value) };
}

/** Sends answers, and knows how much of them waits for slow readers. */
export class Sender {
  #unsentBytes = 0;

  /** @throws HttpError 503 when too much waits already. */
  async send(
    request: IncomingMessage,
    response: ServerResponse,
    { contentType, body, headers }: Answer,
  ): Promise<void> {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const acceptsGzip = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
    const isCompressed = acceptsGzip && bytes.length >= GZIP_FROM_BYTES && !contentType.startsWith("application/octet");
    const sent = isCompressed ? await compress(bytes) : bytes;
    if (this.#unsentBytes + sent.length > MAXIMUM_UNSENT_BYTES) {
      throw new HttpError(503, "too many answers wait to be read", { "retry-after": "1" });
    }
    this.#unsentBytes += sent.length;
    response.once("close", () => {
      this.#unsentBytes -= sent.length;
    });
    response.writeHead(200, {
      "content-type": contentType,
      "content-length": sent.length,
      vary: "accept-encoding",
      ...(isCompressed && { "content-encoding": "gzip" }),
      ...headers,
    });
    response.end(sent);
  }
}

import type { ServerResponse } from "node:http";
import type { RoundMessage } from "../history/answers.ts";
import type { History } from "../history/history.ts";
import { HttpError } from "./http-error.ts";

const MAXIMUM_READERS = 16;
/** A reader that leaves more than this unread, some hundred rounds, is let go; a browser comes back by itself. */
const MAXIMUM_UNREAD_BYTES = 64 * 1024;

/** Tells all that listen of every round, as server-sent events. */
export class EventStream implements Disposable {
  readonly #readers = new Set<ServerResponse>();
  readonly #subscription: Disposable;

  constructor(history: History) {
    this.#subscription = history.onRound((round, point) => {
      if (this.#readers.size === 0) return;
      const message: RoundMessage = { point, tracers: round.tracers };
      this.#send(`data: ${JSON.stringify(message)}\n\n`);
    });
  }

  /** @throws HttpError 503 when there are too many readers. */
  add(response: ServerResponse): void {
    if (this.#readers.size >= MAXIMUM_READERS) throw new HttpError(503, "too many pages are open");
    // It stays silent from one round to the next, however long that is.
    response.socket?.setTimeout(0);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("retry: 2000\n\n");
    this.#readers.add(response);
    response.once("close", () => this.#readers.delete(response));
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    for (const reader of this.#readers) reader.end();
  }

  #send(text: string): void {
    for (const reader of this.#readers) {
      if (reader.writableLength > MAXIMUM_UNREAD_BYTES) reader.destroy();
      else reader.write(text);
    }
  }
}

import type { NetworkEvent, RequestEvent } from "@skep/tracers/networking";

/** What became of the single requests of a round. */
export interface TakenRequests {
  /** In the order in which they ended, but for those that took the place of others. */
  readonly requests: readonly RequestEvent[];
  /** Those that there was no room for. */
  readonly leftOut: number;
}

/**
 * The single requests of a round, up to a limit. Of more than that each is as likely to be among them as any other, so
 * that a burst at the beginning of a round is not all that is told of it.
 */
export class RequestReservoir {
  readonly #limit: number;
  readonly #random: () => number;
  #requests: RequestEvent[] = [];
  #count = 0;

  /** @param random for tests: from 0 to 1, without 1 */
  constructor(limit: number, random: () => number = Math.random) {
    this.#limit = limit;
    this.#random = random;
  }

  add(event: RequestEvent): void {
    this.#count += 1;
    if (this.#requests.length < this.#limit) {
      this.#requests.push(event);
      return;
    }
    const place = Math.floor(this.#random() * this.#count);
    if (place < this.#limit) this.#requests[place] = event;
  }

  /** Reads what comes until its end; events of connections are passed over. */
  async read(events: AsyncIterable<NetworkEvent>): Promise<void> {
    for await (const event of events) if (event.kind === "http" || event.kind === "dns") this.add(event);
  }

  /** What was added since the last call. */
  take(): TakenRequests {
    const taken = { requests: this.#requests, leftOut: this.#count - this.#requests.length };
    this.#requests = [];
    this.#count = 0;
    return taken;
  }
}

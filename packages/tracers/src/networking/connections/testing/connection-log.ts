import type { ConnectionEvent } from "../connection.ts";
import { ConnectionTracer } from "../connection-tracer.ts";
import type { ConnectionTracerOptions } from "../connection-tracer-options.ts";

type EventOf<Kind extends ConnectionEvent["kind"]> = Extract<ConnectionEvent, { readonly kind: Kind }>;

/** A tracer whose events are all kept, for a test to look at. */
export class ConnectionLog implements AsyncDisposable {
  readonly tracer: ConnectionTracer;
  readonly events: ConnectionEvent[] = [];
  readonly #reading: Promise<void>;
  #changed: PromiseWithResolvers<void> = Promise.withResolvers();

  private constructor(tracer: ConnectionTracer) {
    this.tracer = tracer;
    this.#reading = this.#read();
  }

  static async start(options: ConnectionTracerOptions = {}): Promise<ConnectionLog> {
    return new ConnectionLog(await ConnectionTracer.start(options));
  }

  /** The first event of this kind of that process; waits for it. */
  async first<Kind extends ConnectionEvent["kind"]>(
    kind: Kind,
    pid: number | undefined,
    isMeant: (event: EventOf<Kind>) => boolean = () => true,
  ): Promise<EventOf<Kind>> {
    for (;;) {
      const event = this.all(kind, pid).find(isMeant);
      if (event !== undefined) return event;
      await this.#changed.promise;
    }
  }

  /** Waits until there are so many. */
  async many(kind: ConnectionEvent["kind"], pid: number | undefined, count: number): Promise<void> {
    while (this.all(kind, pid).length < count) await this.#changed.promise;
  }

  all<Kind extends ConnectionEvent["kind"]>(kind: Kind, pid: number | undefined): EventOf<Kind>[] {
    return this.events.filter((event): event is EventOf<Kind> => event.kind === kind && event.pid === pid);
  }

  /** Ends the tracing, and waits for the last events. */
  async stop(): Promise<void> {
    this.tracer.stop();
    await this.#reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tracer[Symbol.asyncDispose]();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const event of this.tracer.events({ capacity: 100_000 })) {
      this.events.push(event);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }
}

import type { ProcessEvent } from "../process-event.ts";
import { ProcessTracer, type ProcessTracerOptions } from "../process-tracer.ts";

type EventOf<Kind extends ProcessEvent["kind"]> = Extract<ProcessEvent, { readonly kind: Kind }>;

/** A tracer whose events are all kept, for a test to look at. */
export class EventLog implements AsyncDisposable {
  readonly tracer: ProcessTracer;
  readonly events: ProcessEvent[] = [];
  readonly #reading: Promise<void>;
  #changed: PromiseWithResolvers<void> = Promise.withResolvers();

  private constructor(tracer: ProcessTracer) {
    this.tracer = tracer;
    this.#reading = this.#read();
  }

  static async start(options: ProcessTracerOptions = {}): Promise<EventLog> {
    return new EventLog(await ProcessTracer.start(options));
  }

  /** The first event of this kind that is the one meant, by pid or by what it says; waits for it. */
  async first<Kind extends ProcessEvent["kind"]>(
    kind: Kind,
    meant: number | undefined | ((event: EventOf<Kind>) => boolean),
  ): Promise<EventOf<Kind>> {
    const isMeant = typeof meant === "function" ? meant : ({ pid }: EventOf<Kind>) => pid === meant;
    for (;;) {
      const event = this.all(kind).find(isMeant);
      if (event !== undefined) return event;
      await this.#changed.promise;
    }
  }

  all<Kind extends ProcessEvent["kind"]>(kind: Kind): EventOf<Kind>[] {
    return this.events.filter((event): event is EventOf<Kind> => event.kind === kind);
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
    for await (const event of this.tracer.events()) {
      this.events.push(event);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }
}

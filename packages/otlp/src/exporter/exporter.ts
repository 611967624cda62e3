import { encodeMessage } from "../encoding/encode.ts";
import { messageOf, OtlpError } from "../errors.ts";
import type { Signal } from "../model/signal.ts";
import { retryDelayMs } from "./backoff.ts";
import type { Batch } from "./batch.ts";
import type { BatchStore } from "./batch-store.ts";
import { DROP_REASONS, type DropReason, type ExportCounts } from "./counts.ts";
import { MemoryQueue } from "./memory-queue.ts";
import { ProblemReporter } from "./problem-reporter.ts";
import { type ExporterSettings, type ResolvedSettings, resolveSettings } from "./settings.ts";
import type { Spool } from "./spool/spool.ts";
import { openTransport, type SendOutcome, type Transport } from "./transport/transport.ts";

interface TakenBatch {
  readonly store: BatchStore;
  readonly batch: Batch;
}

/**
 * Sends one signal to one receiver.
 *
 * What is given to {@link export} is encoded at once and waits, in memory or on disk, within bounds; it is sent one
 * batch after the other, and again until the receiver takes it. What becomes of every item is counted.
 */
export class OtlpExporter<Data> implements AsyncDisposable {
  readonly #signal: Signal<Data>;
  readonly #settings: ResolvedSettings;
  readonly #transport: Transport;
  readonly #problems: ProblemReporter;
  readonly #memory: MemoryQueue;
  #spool: Spool | undefined;
  readonly #ending = new AbortController();
  /** Sends what waits; undefined while nothing does. */
  #sending: Promise<void> | undefined;
  /** Ends the wait between two tries, unless the receiver asked for it. */
  #endWait: (() => void) | undefined;
  #disposed: Promise<void> | undefined;

  #enqueued = 0;
  #recovered = 0;
  #delivered = 0;
  #rejected = 0;
  readonly #dropped = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>;
  #tries = 0;
  #failedTries = 0;
  #spoolWriteFailures = 0;

  /**
   * Loads what the settings ask for, and begins to send what waits in the spool.
   *
   * @throws OtlpError of code `configuration` for settings that mean nothing, of code `spool` for a spool that cannot
   *   be used. That the receiver cannot be reached is no error here.
   */
  static async open<Data>(signal: Signal<Data>, settings: ExporterSettings = {}): Promise<OtlpExporter<Data>> {
    const resolved = resolveSettings(signal, settings);
    const exporter = new OtlpExporter(signal, resolved, await openTransport(signal, resolved));
    if (resolved.spool !== undefined) await exporter.#openSpool(resolved.spool);
    return exporter;
  }

  private constructor(signal: Signal<Data>, settings: ResolvedSettings, transport: Transport) {
    this.#signal = signal;
    this.#settings = settings;
    this.#transport = transport;
    this.#problems = new ProblemReporter(settings.onProblem);
    this.#memory = new MemoryQueue(settings.queue, this.#drop);
  }

  /**
   * Encodes a request and lets it wait to be sent; returns before it is. One without items is left out.
   *
   * @throws OtlpError of code `invalid-data`, or RangeError, for data that OTLP cannot say; nothing is counted then.
   */
  export(data: Data): void {
    const itemCount = this.#signal.itemCount(data);
    if (itemCount === 0) return;
    const { encoding, compression } = this.#settings;
    const body = encodeMessage(this.#signal.describe, data, encoding, compression);
    this.#enqueued += itemCount;
    if (this.#disposed !== undefined) this.#drop("shutdown", itemCount);
    else {
      this.#put({ body, encoding, compression, itemCount });
      this.#send();
    }
  }

  counts(): ExportCounts {
    const spool = this.#spool;
    return {
      enqueued: this.#enqueued,
      recovered: this.#recovered,
      delivered: this.#delivered,
      rejected: this.#rejected,
      dropped: { ...this.#dropped },
      waiting: this.#memory.itemCount + (spool?.itemCount ?? 0),
      waitingBatches: this.#memory.batchCount + (spool?.batchCount ?? 0),
      memoryBytes: this.#memory.sizeBytes + (spool?.takenBytes ?? 0),
      spoolBytes: spool?.sizeBytes ?? 0,
      tries: this.#tries,
      failedTries: this.#failedTries,
      spoolWriteFailures: this.#spoolWriteFailures,
    };
  }

  /**
   * Waits until nothing waits any more, for `deadlineMs` at most; true if that came about. A wait between two tries is
   * cut short, unless the receiver asked for it.
   */
  async flush(deadlineMs: number): Promise<boolean> {
    this.#endWait?.();
    const deadline = new AbortController();
    const { clock } = this.#settings;
    await Promise.race([this.#sending, clock.sleep(deadlineMs, deadline.signal)]);
    deadline.abort();
    return this.#memory.itemCount + (this.#spool?.itemCount ?? 0) === 0;
  }

  /**
   * Flushes for as long as `shutdownTimeoutMs`, then lets go of everything. What still waits stays in the spool;
   * without one it is dropped, and counted.
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    await this.flush(this.#settings.shutdownTimeoutMs);
    this.#ending.abort();
    await this.#sending;
    this.#transport.close();

    const spool = this.#spool;
    const unsent = this.#memory.drain();
    const lost = spool?.takeOrphan();
    if (lost !== undefined) unsent.unshift(lost);
    for (const batch of unsent) {
      if (spool === undefined || !this.#spooled(spool, batch)) this.#drop("shutdown", batch.itemCount);
    }
    spool?.[Symbol.dispose]();
  }

  async #openSpool(settings: NonNullable<ResolvedSettings["spool"]>): Promise<void> {
    try {
      // Loaded here, since it is only needed here.
      const { Spool } = await import("./spool/spool.ts");
      this.#spool = await Spool.open(settings, this.#signal.name, this.#drop, (problem) =>
        this.#problems.report(problem),
      );
    } catch (error) {
      this.#transport.close();
      throw error;
    }
    this.#recovered = this.#spool.itemCount;
    this.#send();
  }

  readonly #drop = (reason: DropReason, itemCount: number): void => {
    this.#dropped[reason] += itemCount;
  };

  #put(batch: Batch): void {
    if (this.#spool === undefined || !this.#spooled(this.#spool, batch)) this.#memory.put(batch);
  }

  /** Whether the spool took it. A disk that is full costs no data as long as there is room in memory. */
  #spooled(spool: Spool, batch: Batch): boolean {
    try {
      spool.put(batch);
      return true;
    } catch (cause) {
      this.#spoolWriteFailures++;
      const message = `${this.#settings.spool?.directory}: a batch could not be spooled: ${messageOf(cause)}`;
      this.#problems.report(new OtlpError("spool", message, { cause, hint: "it goes on in memory" }));
      return false;
    }
  }

  #send(): void {
    this.#sending ??= this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    // What comes within one turn of the event loop is put before any of it is taken.
    await Promise.resolve();
    let next = this.#takeNext();
    while (next !== undefined && (await this.#deliver(next))) next = this.#takeNext();
    // Nothing may come between finding nothing left and this, or it would wait for the batch after it.
    this.#sending = undefined;
  }

  #takeNext(): TakenBatch | undefined {
    for (const store of [this.#spool, this.#memory]) {
      const batch = store?.take();
      if (store !== undefined && batch !== undefined) return { store, batch };
    }
    return undefined;
  }

  /** Tries until the batch is done with; false if the exporter ended before that. */
  async #deliver({ store, batch }: TakenBatch): Promise<boolean> {
    for (let failures = 1; !this.#ending.signal.aborted; failures++) {
      this.#tries++;
      const outcome = await this.#transport.send(batch, this.#ending.signal);
      if (outcome.kind !== "retry") {
        // In one step, so that nothing is counted twice, or not at all, at any time.
        store.settle();
        this.#count(batch, outcome);
        return true;
      }
      if (this.#ending.signal.aborted) return false;
      this.#failedTries++;
      this.#problems.report(outcome.problem);
      await this.#waitToRetry(failures, outcome.retryAfterMs);
    }
    return false;
  }

  #count(batch: Batch, outcome: Exclude<SendOutcome, { kind: "retry" }>): void {
    if (outcome.kind === "refused") this.#drop("refused", batch.itemCount);
    else {
      this.#rejected += outcome.rejectedCount;
      this.#delivered += batch.itemCount - outcome.rejectedCount;
    }
    if (outcome.problem === undefined) this.#problems.reset();
    else this.#problems.report(outcome.problem);
  }

  async #waitToRetry(failures: number, askedForMs: number | undefined): Promise<void> {
    const { clock, retry } = this.#settings;
    const wait = new AbortController();
    const endWait = (): void => wait.abort();
    this.#ending.signal.addEventListener("abort", endWait);
    if (askedForMs === undefined) this.#endWait = endWait;
    await clock.sleep(retryDelayMs(retry, failures, askedForMs, Math.random()), wait.signal);
    this.#endWait = undefined;
    this.#ending.signal.removeEventListener("abort", endWait);
  }
}

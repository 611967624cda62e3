import { type ExporterSettings, OtlpError, OtlpExporter, type Signal } from "@skep/otlp/exporter";
import type { Problem } from "../pipeline/problem.ts";
import type { ExporterState } from "../pipeline/round.ts";
import { addCounts } from "../pipeline/running-tracer.ts";

/** How to reach a receiver; that there is one has to be said. */
export interface SenderSettings extends Omit<ExporterSettings, "onProblem"> {
  readonly endpoint: string;
}

/** One signal on its way to its receiver, and the whole truth about what became of it. */
export class SignalSender<Data> implements AsyncDisposable {
  readonly #signal: Signal<Data>;
  readonly #exporter: OtlpExporter<Data>;
  readonly #endpoint: string;
  readonly #problems: ProblemLog;
  readonly #before: ExporterState | undefined;
  /** Items that OTLP cannot say, which the exporter has not seen. */
  #invalidItems = 0;

  private constructor(
    signal: Signal<Data>,
    exporter: OtlpExporter<Data>,
    endpoint: string,
    problems: ProblemLog,
    before: ExporterState | undefined,
  ) {
    this.#signal = signal;
    this.#exporter = exporter;
    this.#endpoint = endpoint;
    this.#problems = problems;
    this.#before = before;
  }

  /**
   * @param before the last state of a sender that this one takes the place of: its counts go on
   * @throws OtlpError for settings that mean nothing, or a spool that cannot be used
   */
  static async open<Data>(
    signal: Signal<Data>,
    settings: SenderSettings,
    onProblem: (problem: Problem) => void,
    before?: ExporterState,
  ): Promise<SignalSender<Data>> {
    const problems = new ProblemLog(signal.name, onProblem);
    const exporter = await OtlpExporter.open(signal, { ...settings, onProblem: (problem) => problems.add(problem) });
    return new SignalSender(signal, exporter, settings.endpoint, problems, before);
  }

  /** Never throws: what cannot be sent is counted, and said. */
  send(data: Data): void {
    try {
      this.#exporter.export(data);
    } catch (error) {
      this.#invalidItems += this.#signal.itemCount(data);
      this.#problems.add(error);
    }
  }

  get state(): ExporterState {
    const { delivered, rejected, dropped, waiting, waitingBatches, memoryBytes, spoolBytes } = this.#exporter.counts();
    const lostItems: Record<string, number> = { ...dropped, rejected, invalid: this.#invalidItems };
    if (this.#before !== undefined) addCounts(lostItems, this.#before.lostItems);
    const problem = this.#problems.last;
    return {
      signal: this.#signal.name,
      endpoint: this.#endpoint,
      deliveredItems: delivered + (this.#before?.deliveredItems ?? 0),
      lostItems,
      waitingItems: waiting,
      waitingBatches,
      memoryBytes,
      spoolBytes,
      ...(problem !== undefined && { problem }),
    };
  }

  /** Waits for what is left to be sent, for as long as the settings allow. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#exporter[Symbol.asyncDispose]();
  }
}

/** Passes on what goes wrong with a signal, and remembers the last of it. */
class ProblemLog {
  readonly #signalName: string;
  readonly #onProblem: (problem: Problem) => void;
  last: string | undefined;

  constructor(signalName: string, onProblem: (problem: Problem) => void) {
    this.#signalName = signalName;
    this.#onProblem = onProblem;
  }

  add(error: unknown): void {
    const hint = error instanceof OtlpError ? error.hint : undefined;
    this.last = error instanceof Error ? error.message : String(error);
    this.#onProblem({
      message: `sending ${this.#signalName}: ${this.last}`,
      ...(hint !== undefined && { hint }),
    });
  }
}

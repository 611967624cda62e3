import type { Signal } from "@skep/otlp/exporter";
import { logs, type ResourceLogs } from "@skep/otlp/logs";
import { metrics, type ResourceMetrics } from "@skep/otlp/metrics";
import { profiles, type ResourceProfiles } from "@skep/otlp/profiles";
import { type ResourceSpans, traces } from "@skep/otlp/traces";
import type { Problem } from "../pipeline/problem.ts";
import type { ExporterState } from "../pipeline/round.ts";
import { type SenderSettings, SignalSender } from "./signal-sender.ts";

export interface SenderSettingsBySignal {
  readonly profiles?: SenderSettings;
  readonly logs?: SenderSettings;
  readonly metrics?: SenderSettings;
  readonly traces?: SenderSettings;
}

/** The senders of all signals that go anywhere. */
export class Senders implements AsyncDisposable {
  profiles: SignalSender<readonly ResourceProfiles[]> | undefined;
  logs: SignalSender<readonly ResourceLogs[]> | undefined;
  metrics: SignalSender<readonly ResourceMetrics[]> | undefined;
  traces: SignalSender<readonly ResourceSpans[]> | undefined;

  /**
   * @param before the states of the senders that these take the place of
   * @throws OtlpError for settings that mean nothing, or a spool that cannot be used; none is left open then
   */
  static async open(
    settings: SenderSettingsBySignal,
    onProblem: (problem: Problem) => void = () => undefined,
    before: readonly ExporterState[] = [],
  ): Promise<Senders> {
    const open = async <Data>(signal: Signal<Data>, ofSignal: SenderSettings | undefined) => {
      if (ofSignal === undefined) return undefined;
      const state = before.find(({ signal: name }) => name === signal.name);
      return await SignalSender.open(signal, ofSignal, onProblem, state);
    };
    const senders = new Senders();
    try {
      senders.profiles = await open(profiles, settings.profiles);
      senders.logs = await open(logs, settings.logs);
      senders.metrics = await open(metrics, settings.metrics);
      senders.traces = await open(traces, settings.traces);
      return senders;
    } catch (error) {
      await senders[Symbol.asyncDispose]();
      throw error;
    }
  }

  get states(): readonly ExporterState[] {
    return this.#all().map(({ state }) => state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all().map((sender) => sender[Symbol.asyncDispose]()));
  }

  #all(): Pick<SignalSender<unknown>, "state" | typeof Symbol.asyncDispose>[] {
    return [this.profiles, this.logs, this.metrics, this.traces].filter((sender) => sender !== undefined);
  }
}

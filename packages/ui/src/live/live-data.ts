import type { RoundMessage, SeriesAnswer, SeriesName, SeriesPoint, StatusAnswer } from "skep/answers";
import { ask, NotAllowedError } from "./client.ts";
import { appended } from "./curves.ts";

/** `lost`: the agent does not answer, and is asked again; `refused`: it was started again, with another token. */
export type Connection = "connecting" | "live" | "lost" | "refused";

/** What all views have in common: the machine, the curves, and whether they still move. */
export interface LiveState {
  readonly connection: Connection;
  readonly status: StatusAnswer | undefined;
  /** Oldest first, as far back as the history reaches. */
  readonly points: readonly SeriesPoint[];
  /** Of the last round; 0 before the first. */
  readonly endMs: number;
}

const RETRY_MS = 2000;

/** Follows the agent, and tells what changed after each round. */
export class LiveData {
  #state: LiveState = { connection: "connecting", status: undefined, points: [], endMs: 0 };
  readonly #listeners = new Set<() => void>();
  #events: EventSource | undefined;

  get state(): LiveState {
    return this.#state;
  }

  /** Calls the listener after each change; gives what ends that. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Asks for all there is, then for what is new. */
  async start(): Promise<void> {
    try {
      const [status, series] = await Promise.all([ask<StatusAnswer>("/api/status"), ask<SeriesAnswer>("/api/series")]);
      const points = pointsOf(series);
      this.#change({ connection: "live", status, points, endMs: points.at(-1)?.endMs ?? 0 });
      this.#follow();
    } catch (error) {
      if (error instanceof NotAllowedError) {
        this.#change({ connection: "refused" });
        return;
      }
      this.#change({ connection: "lost" });
      setTimeout(() => void this.start(), RETRY_MS);
    }
  }

  #follow(): void {
    this.#events?.close();
    const events = new EventSource("/api/events");
    this.#events = events;
    events.onmessage = ({ data }) => this.#onRound(JSON.parse(data) as RoundMessage);
    events.onerror = () => {
      // The browser would try again by itself, but not tell why it failed, nor fetch what was missed.
      events.close();
      this.#change({ connection: "lost" });
      setTimeout(() => void this.start(), RETRY_MS);
    };
  }

  #onRound({ point, tracers }: RoundMessage): void {
    const { status, points } = this.#state;
    const retentionMs = status?.history?.retentionMs ?? 900_000;
    this.#change({
      connection: "live",
      points: appended(points, point, retentionMs),
      endMs: point.endMs,
      ...(status !== undefined && { status: { ...status, tracers } }),
    });
    // How full the history is, and how many CPUs there are, is not in the message.
    void ask<StatusAnswer>("/api/status").then(
      (fresh) => this.#change({ status: fresh }),
      // The stream of events tells when the agent is gone.
      () => undefined,
    );
  }

  #change(changes: Partial<LiveState>): void {
    this.#state = { ...this.#state, ...changes };
    for (const listener of this.#listeners) listener();
  }
}

/** The columns of the answer as points. */
export function pointsOf({ startMs, endMs, values }: SeriesAnswer): SeriesPoint[] {
  const names = Object.keys(values) as SeriesName[];
  return startMs.map((start, index) => ({
    startMs: start,
    endMs: endMs[index] ?? start,
    values: Object.fromEntries(
      names.flatMap((name) => {
        const value = values[name][index];
        return value === null || value === undefined ? [] : [[name, value]];
      }),
    ),
  }));
}

import type { LiveConnection } from "@skep/tracers/networking";
import type { ConnectionRow, ConnectionsAnswer } from "../history/answers.ts";
import type { History } from "../history/history.ts";
import { textOf } from "../history/local-services.ts";
import { printable } from "../output/text.ts";
import type { Round } from "../pipeline/round.ts";
import { ProgramNames } from "../terminal/program-names.ts";

export interface LiveConnectionsOptions {
  readonly history: History;
  /** Ends the round in progress: see `Pipeline.takeRound`. */
  readonly takeRound: () => Promise<void>;
}

const MAXIMUM_ROWS = 500;
/** After so many rounds that nobody asked about, nothing is kept any more. */
const MAXIMUM_UNASKED_ROUNDS = 3;

/** What was carried until the end of a round, by the connection's number. */
type Carried = ReadonlyMap<number, { readonly sentBytes: number; readonly receivedBytes: number }>;

interface Observed {
  readonly timeMs: number;
  readonly startUnixNs: bigint;
  readonly seconds: number;
  readonly connections: readonly LiveConnection[];
  /** At the end of the round before; absent where that was not looked at. */
  readonly before: Carried | undefined;
}

/**
 * The connections that there are now, with what they carry in a second: of the last round, and of the one before it. Both
 * are kept only while somebody looks: the first question ends the round in progress, so that its answer is not old.
 */
export class LiveConnections implements Disposable {
  readonly #options: LiveConnectionsOptions;
  #watch: { readonly subscription: Disposable; readonly begun: Promise<void> } | undefined;
  #observed: Observed | undefined;
  #unaskedRounds = 0;
  readonly #names = new ProgramNames();

  constructor(options: LiveConnectionsOptions) {
    this.#options = options;
  }

  /** @param pid of this process alone, where it is given */
  async answer(pid: number | undefined): Promise<ConnectionsAnswer> {
    this.#unaskedRounds = 0;
    this.#watch ??= {
      subscription: this.#options.history.onRound((round) => this.#onRound(round)),
      begun: this.#options.takeRound(),
    };
    await this.#watch.begun;
    const tracer = this.#options.history.latest?.tracers.find(({ name }) => name === "network");
    const about = tracer === undefined ? {} : { tracer };
    if (this.#observed === undefined) return { ...about, connections: [], count: 0, hasRates: false };
    const { timeMs, connections, before } = this.#observed;
    const wanted = connections.filter((connection) => pid === undefined || connection.pid === pid);
    const rows = wanted.map((connection) => rowOf(this.#named(connection), this.#observed)).sort(busiestFirst);
    return {
      ...about,
      timeMs,
      connections: rows.slice(0, MAXIMUM_ROWS),
      count: rows.length,
      hasRates: before !== undefined,
    };
  }

  [Symbol.dispose](): void {
    this.#watch?.subscription[Symbol.dispose]();
    this.#watch = undefined;
    this.#observed = undefined;
  }

  #named(connection: LiveConnection): LiveConnection {
    const { pid, process } = connection;
    if (pid === undefined || process === undefined) return connection;
    return { ...connection, process: this.#names.of(pid, process) };
  }

  #onRound({ network, endUnixNs }: Round): void {
    if (++this.#unaskedRounds > MAXIMUM_UNASKED_ROUNDS) {
      this[Symbol.dispose]();
      return;
    }
    const report = network?.report.connections;
    const last = this.#observed;
    this.#observed = report && {
      timeMs: Number(endUnixNs / 1_000_000n),
      startUnixNs: report.timeUnixNs,
      seconds: report.durationNs / 1e9,
      connections: report.connections,
      before: last && carriedBy(last.connections),
    };
  }
}

function carriedBy(connections: readonly LiveConnection[]): Carried {
  return new Map(connections.flatMap(({ id, traffic }) => (traffic === undefined ? [] : [[id, traffic]])));
}

function rowOf(connection: LiveConnection, observed: Observed | undefined): ConnectionRow {
  const { id, transport, role, pid, process, local, peer, path, state, traffic, openedUnixNs } = connection;
  return {
    id,
    transport,
    ...(role !== undefined && { role }),
    ...(pid !== undefined && { pid }),
    ...(process !== undefined && { process: printable(process) }),
    ...(local !== undefined && { local: textOf(local) }),
    ...(peer !== undefined && { peer: textOf(peer) }),
    ...(path !== undefined && { path: printable(path) }),
    state,
    ...(openedUnixNs !== undefined && { openedMs: Number(openedUnixNs / 1_000_000n) }),
    ...(traffic !== undefined && {
      sentBytes: traffic.sentBytes,
      receivedBytes: traffic.receivedBytes,
      retransmits: traffic.retransmits,
      ...(traffic.roundTripUs !== undefined && { roundTripUs: traffic.roundTripUs }),
      ...ratesOf(connection, traffic, observed),
    }),
  };
}

/** One that was not there before has carried all that it has since; of others nothing is known at the first look. */
function ratesOf(
  { id, openedUnixNs }: LiveConnection,
  { sentBytes, receivedBytes }: NonNullable<LiveConnection["traffic"]>,
  observed: Observed | undefined,
): Pick<ConnectionRow, "sentPerSecond" | "receivedPerSecond"> {
  if (observed === undefined || observed.seconds === 0) return {};
  const { before, startUnixNs, seconds } = observed;
  const isNew = openedUnixNs !== undefined && openedUnixNs >= startUnixNs;
  const was = before?.get(id) ?? (isNew ? { sentBytes: 0, receivedBytes: 0 } : undefined);
  if (was === undefined) return {};
  return {
    sentPerSecond: Math.max(0, sentBytes - was.sentBytes) / seconds,
    receivedPerSecond: Math.max(0, receivedBytes - was.receivedBytes) / seconds,
  };
}

function busiestFirst(a: ConnectionRow, b: ConnectionRow): number {
  return rateOf(b) - rateOf(a) || totalOf(b) - totalOf(a) || a.id - b.id;
}

function rateOf({ sentPerSecond = 0, receivedPerSecond = 0 }: ConnectionRow): number {
  return sentPerSecond + receivedPerSecond;
}

function totalOf({ sentBytes = 0, receivedBytes = 0 }: ConnectionRow): number {
  return sentBytes + receivedBytes;
}

import { release } from "node:os";
import type { TlsReport } from "@skep/tracers/networking";
import type {
  ConnectionsAnswer,
  FilesAnswer,
  HealthAnswer,
  NetworkAnswer,
  ProcessesAnswer,
  ProfileAnswer,
  RangeAnswer,
  SeriesAnswer,
  StatusAnswer,
  SyscallsAnswer,
  TlsAnswer,
} from "../history/answers.ts";
import { callingProcesses, callRows, heatMapOf } from "../history/call-answers.ts";
import { fileList } from "../history/file-answers.ts";
import type { History, TimeRange } from "../history/history.ts";
import { networkAnswer } from "../history/network-answers.ts";
import { joinRows } from "../history/rows.ts";
import { SERIES_NAMES, type SeriesName } from "../history/series.ts";
import { COUNT_ROWS, type CountRows } from "../history/span-rows.ts";
import { flameGraphOf, type ProfileMode, processShares, stacksOf } from "../history/stack-answers.ts";
import { printable } from "../output/text.ts";
import type { TracerName } from "../pipeline/round.ts";
import { LiveConnections, type LiveConnectionsOptions } from "./live-connections.ts";
import { Parameters } from "./parameters.ts";
import { runningProcesses } from "./running-processes.ts";

const MAXIMUM_LOG_ENTRIES = 1000;
const MAXIMUM_PID = 2 ** 22;

export interface ApiOptions extends LiveConnectionsOptions {
  readonly version: string;
  readonly hostName: string;
}

/** What the API answers at each path. */
export class Api implements Disposable {
  readonly #history: History;
  readonly #connections: LiveConnections;
  readonly #options: ApiOptions;
  readonly #routes: ReadonlyMap<string, (query: string) => unknown> = new Map([
    ["/api/status", (query: string): unknown => this.#status(query)],
    ["/api/series", (query) => this.#series(query)],
    ["/api/profile", (query) => this.#profile(query)],
    ["/api/syscalls", (query) => this.#syscalls(query)],
    ["/api/processes", (query) => this.#processes(query)],
    ["/api/files", (query) => this.#files(query)],
    ["/api/network", (query) => this.#network(query)],
    ["/api/connections", (query) => this.#liveConnections(query)],
    ["/api/health", (query) => this.#health(query)],
  ]);

  constructor(options: ApiOptions) {
    this.#history = options.history;
    this.#options = options;
    this.#connections = new LiveConnections(options);
  }

  /** The answer, to be sent as JSON; undefined where the API has no such path. */
  async answer(path: string, query: string): Promise<unknown> {
    return await this.#routes.get(path)?.(query);
  }

  [Symbol.dispose](): void {
    this.#connections[Symbol.dispose]();
  }

  #status(query: string): StatusAnswer {
    new Parameters(query, []);
    const { extent, latest } = this.#history;
    return {
      hostName: this.#options.hostName,
      version: this.#options.version,
      kernelRelease: release(),
      cpuCount: latest?.host.cpus.length ?? 0,
      nowMs: Date.now(),
      ...(extent !== undefined && { history: extent }),
      tracers: latest?.tracers ?? [],
    };
  }

  /** All there is, where no range is asked for. */
  #series(query: string): SeriesAnswer {
    const { fromMs = 0, toMs = Number.POSITIVE_INFINITY } = new Parameters(query, ["from", "to"]).range();
    const points = this.#history.points({ fromMs, toMs });
    const values = SERIES_NAMES.map((name) => [name, points.map((point) => point.values[name] ?? null)]);
    return {
      startMs: points.map(({ startMs }) => startMs),
      endMs: points.map(({ endMs }) => endMs),
      values: Object.fromEntries(values) as Record<SeriesName, (number | null)[]>,
    };
  }

  #profile(query: string): ProfileAnswer {
    const parameters = new Parameters(query, ["mode", "from", "to", "process", "baselineFrom", "baselineTo"]);
    const mode = parameters.oneOf<ProfileMode>("mode", ["on-cpu", "off-cpu"]);
    const pid = parameters.number("process", MAXIMUM_PID);
    const range = this.#history.range(parameters.range());
    const { tables } = this.#history;
    const stacks = stacksOf(this.#history, mode, range);
    const about = this.#rangeAnswer(range, mode === "on-cpu" ? "cpu" : "off-cpu", stacks?.facts.durationNs);
    if (stacks === undefined) return { ...about, processes: [] };
    const baselineRange = parameters.has("baselineFrom") && this.#history.range(parameters.range("baseline"));
    const baseline = baselineRange ? stacksOf(this.#history, mode, baselineRange) : undefined;
    return {
      ...about,
      processes: processShares(tables, stacks, mode),
      graph: flameGraphOf(tables, stacks, {
        mode,
        pid,
        hostName: this.#options.hostName,
        startedAtMs: about.covered?.fromMs ?? range.fromMs,
        lost: about.lost,
        baseline: baselineRange && baseline ? { startedAtMs: baselineRange.fromMs, stacks: baseline } : undefined,
      }),
    };
  }

  #syscalls(query: string): SyscallsAnswer {
    const parameters = new Parameters(query, ["from", "to", "process", "call"]);
    const pid = parameters.number("process", MAXIMUM_PID);
    const range = this.#history.range(parameters.range());
    const { tables } = this.#history;
    const spans = this.#history.spans(range);
    const calls = spans.flatMap((span) => span.calls ?? []);
    const heatMap = heatMapOf(tables, spans, parameters.text("call"));
    return {
      ...this.#rangeAnswer(range, "syscalls", sumOf(calls, "durationNs")),
      calls: callRows(tables, calls, pid),
      processes: callingProcesses(tables, calls),
      ...(heatMap !== undefined && { heatMap }),
    };
  }

  #processes(query: string): ProcessesAnswer {
    const range = this.#history.range(new Parameters(query, ["from", "to"]).range());
    const { log, tables } = this.#history;
    const { processes, isCut } = runningProcesses();
    const stacks = stacksOf(this.#history, "on-cpu", range);
    const onCpuNs = new Map<number, number>();
    stacks?.rows.each((process, _, { nanoseconds }) => {
      const pid = tables.pidOf(process);
      onCpuNs.set(pid, (onCpuNs.get(pid) ?? 0) + nanoseconds);
    });
    return {
      // Events are there for as long as the log reaches back, whatever the range.
      ...this.#rangeAnswer(range, "processes", stacks?.facts.durationNs),
      running: processes.map((process) =>
        stacks === undefined ? process : { ...process, onCpuNs: onCpuNs.get(process.pid) ?? 0 },
      ),
      runningCut: isCut,
      log: Array.from(log.entries().take(MAXIMUM_LOG_ENTRIES)),
      logSize: log.size,
    };
  }

  #files(query: string): FilesAnswer {
    const parameters = new Parameters(query, ["from", "to", "process"]);
    const range = this.#history.range(parameters.range());
    const spans = this.#history.spans(range).flatMap((span) => span.files ?? []);
    return {
      ...this.#rangeAnswer(range, "files", sumOf(spans, "durationNs")),
      ...fileList(this.#history.tables, spans, parameters.number("process", MAXIMUM_PID)),
    };
  }

  #network(query: string): NetworkAnswer {
    const parameters = new Parameters(query, ["from", "to", "process"]);
    const range = this.#history.range(parameters.range());
    const spans = this.#history.spans(range).flatMap((span) => span.network ?? []);
    return {
      ...this.#rangeAnswer(range, "network", sumOf(spans, "durationNs")),
      ...networkAnswer(this.#history.tables, spans, parameters.number("process", MAXIMUM_PID)),
    };
  }

  #liveConnections(query: string): Promise<ConnectionsAnswer> {
    return this.#connections.answer(new Parameters(query, ["process"]).number("process", MAXIMUM_PID));
  }

  #health(query: string): HealthAnswer {
    const range = this.#history.range(new Parameters(query, ["from", "to"]).range());
    const { extent, latest, changes } = this.#history;
    const spans = this.#history.spans(range);
    return {
      ...(latest !== undefined && { self: latest.self, host: latest.host }),
      tracers: latest?.tracers ?? [],
      lost: this.#reasons(spans.map(({ losses }) => losses)),
      incomplete: this.#reasons(spans.map(({ incomplete }) => incomplete)),
      changes: changes.toReversed(),
      ...(extent !== undefined && { history: extent }),
      ...(latest?.tls !== undefined && { tls: tlsAnswer(latest.tls) }),
    };
  }

  #rangeAnswer(range: TimeRange, name: TracerName, measuredNs = 0): RangeAnswer {
    const spans = this.#history.spans(range);
    const [first, last] = [spans.at(0), spans.at(-1)];
    const tracer = this.#history.latest?.tracers.find((state) => state.name === name);
    return {
      ...(first !== undefined && last !== undefined && { covered: { fromMs: first.startMs, toMs: last.endMs } }),
      measuredNs,
      ...(tracer !== undefined && { tracer }),
      lost: this.#reasons(spans.map(({ losses }) => losses))[name] ?? {},
      incomplete: this.#reasons(spans.map(({ incomplete }) => incomplete))[name] ?? {},
    };
  }

  /** Counts by tracer and reason. */
  #reasons(parts: readonly CountRows[]): Readonly<Record<string, Readonly<Record<string, number>>>> {
    const { tables } = this.#history;
    const byTracer: Record<string, Record<string, number>> = {};
    joinRows(COUNT_ROWS, parts).each((tracer, reason, { count }) => {
      const ofTracer = byTracer[tables.printable(tracer)] ?? {};
      byTracer[tables.printable(tracer)] = ofTracer;
      ofTracer[tables.printable(reason)] = count;
    });
    return byTracer;
  }
}

const MAXIMUM_TLS_FILES = 200;

function tlsAnswer({ files, hits, sessions, sessionsKnown }: TlsReport): TlsAnswer {
  const rows = files.map(({ path, library, state, problem, pid }) => ({
    path: printable(path),
    library,
    state,
    ...(problem !== undefined && { problem }),
    ...(pid !== undefined && { pid }),
  }));
  rows.sort((a, b) => Number(a.state === "attached") - Number(b.state === "attached"));
  return { files: rows.slice(0, MAXIMUM_TLS_FILES), hits, sessions, sessionsKnown };
}

function sumOf<Key extends string>(items: readonly Readonly<Record<Key, number>>[], key: Key): number {
  return items.reduce((sum, item) => sum + item[key], 0);
}

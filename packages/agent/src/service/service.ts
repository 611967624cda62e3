import { readFileSync } from "node:fs";
import { resourceAttributesFromEnvironment, semanticConventionOptIns } from "@skep/otlp/environment";
import type { Attributes } from "@skep/otlp/metrics";
import { CliError } from "../cli/cli-error.ts";
import { describeErrno } from "../cli/errno.ts";
import { skepVersion } from "../cli/version.ts";
import type { Settings } from "../config/settings.ts";
import { Telemetry } from "../export/telemetry.ts";
import { CostModel } from "../governor/cost-model.ts";
import { Governor, type GovernorSettings } from "../governor/governor.ts";
import { History } from "../history/history.ts";
import { olderConventions } from "../metrics/older-request-metrics.ts";
import { Pipeline } from "../pipeline/pipeline.ts";
import type { Problem } from "../pipeline/problem.ts";
import { TRACER_NAMES, type TracerName, type TracerState } from "../pipeline/round.ts";
import type { SettingsOf, TracerSettings } from "../pipeline/tracer-settings.ts";
import type { PageServer } from "../server/page-server.ts";
import { containerNames } from "./container-names.ts";
import { senderSettings } from "./sender-settings.ts";
import { tracerSettings } from "./tracer-settings.ts";

const MEGABYTE = 1024 * 1024;
/** The labels of a metric go on for so long after their program ended, so that a scraper sees its last value. */
const SHORTEST_RETENTION_MS = 60_000;

export interface ServiceListeners {
  /** Told what does not work, each thing once. */
  readonly onProblem: (problem: Problem) => void;
  /** Told the page's address, token included, as soon as it answers: before there is anything to see on it. */
  readonly onPage: (url: string) => void;
  /** Told when a round is over, and when a tracer was started after the first round: what that took is free again. */
  readonly onWorkDone?: () => void;
}

export interface ServiceOptions extends ServiceListeners {
  /** What keeps BPF statistics on until the governor knows what the tracers cost. */
  readonly statistics?: Disposable;
}

interface Parts {
  readonly pipeline: Pipeline;
  readonly governor: Governor;
  readonly telemetry: Telemetry;
  readonly page: PageServer | undefined;
}

/** All of the agent: tracers, telemetry, history and page, as its settings have it. */
export class Service implements AsyncDisposable {
  readonly #listeners: ServiceListeners;
  readonly #costs: CostModel;
  #settings: Settings;
  #history: History;
  #parts: Parts;

  private constructor(
    settings: Settings,
    history: History,
    parts: Parts,
    costs: CostModel,
    listeners: ServiceListeners,
  ) {
    this.#settings = settings;
    this.#history = history;
    this.#parts = parts;
    this.#costs = costs;
    this.#listeners = listeners;
  }

  /**
   * @throws CliError or OtlpError for what is configured but cannot be had: the page's port, a file, a spool. A tracer
   *   that cannot start is no error: it is off.
   */
  static async start(settings: Settings, { statistics, ...listeners }: ServiceOptions): Promise<Service> {
    const history = historyOf(settings);
    const costs = new CostModel();
    const parts = await startParts(settings, history, listeners, {
      costs,
      ...(statistics !== undefined && { statistics }),
    });
    return new Service(settings, history, parts, costs, listeners);
  }

  get tracers(): readonly TracerState[] {
    return this.#parts.pipeline.tracers;
  }

  /** Where something is sent: one line per receiver. */
  get receivers(): readonly string[] {
    const signals = Map.groupBy(this.#parts.telemetry.exporterStates, ({ endpoint }) => endpoint);
    return [...signals].map(([endpoint, states]) => `${endpoint} (${states.map(({ signal }) => signal).join(", ")})`);
  }

  /**
   * Goes on with other settings. Tracers change one by one, without a gap in the others; whatever else is different
   * takes a new start of all but the history.
   *
   * @throws what {@link start} does; nothing runs any more then
   */
  async change(settings: Settings): Promise<void> {
    const before = this.#settings;
    this.#settings = settings;
    const { tracers: _, targets: __, ...othersBefore } = before;
    const { tracers: ___, targets: ____, ...others } = settings;
    if (JSON.stringify(others) === JSON.stringify(othersBefore)) {
      // Where things are sent has not changed.
      const { spansAreSent } = this.#parts.telemetry;
      const tracersBefore = tracerSettings(before, spansAreSent);
      await changeTracers(this.#parts.governor, tracersBefore, tracerSettings(settings, spansAreSent));
      return;
    }
    await stopParts(this.#parts);
    if (JSON.stringify(settings.limits) !== JSON.stringify(before.limits)) this.#history = historyOf(settings);
    this.#parts = await startParts(settings, this.#history, this.#listeners, { costs: this.#costs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopParts(this.#parts);
  }
}

function historyOf({ limits }: Settings): History {
  return new History({
    retentionMs: limits.historyMinutes * 60_000,
    limitBytes: limits.historyMegabytes * MEGABYTE,
  });
}

async function startParts(
  settings: Settings,
  history: History,
  { onProblem, onPage, onWorkDone }: ServiceListeners,
  measuring: Pick<GovernorSettings, "costs" | "statistics">,
): Promise<Parts> {
  const { resource, limits, intervalSeconds } = settings;
  const intervalMs = intervalSeconds * 1000;
  const containers = await containerNames(resource.kubernetes, process.env, onProblem);
  const telemetry = await Telemetry.open({
    version: skepVersion(),
    attributes: { ...textAttributes(resourceAttributesFromEnvironment()), ...resource.attributes },
    ...(containers !== undefined && { containers }),
    retentionMs: Math.max(SHORTEST_RETENTION_MS, 2 * intervalMs),
    senders: senderSettings(settings.otlp, process.env),
    seriesLimit: limits.seriesPerMetric,
    olderConventions: olderConventions(semanticConventionOptIns()),
    onProblem,
  });
  const tracers = tracerSettings(settings, telemetry.spansAreSent);
  let pipeline: Pipeline | undefined;
  try {
    // The page first: a port that is taken should not cost a start of the tracers.
    const page = await startPage(settings, history, telemetry, async () => await pipeline?.takeRound());
    if (page !== undefined) onPage(page.url);
    try {
      pipeline = await Pipeline.start({
        tracers,
        intervalMs,
        exporters: () => telemetry.exporterStates,
        readers: [history, telemetry],
        onProcessEvent: (event) => telemetry.observe(event),
        ...(onWorkDone !== undefined && { onWorkDone }),
        onProblem,
      });
    } catch (error) {
      await page?.[Symbol.asyncDispose]();
      throw error;
    }
    const governor = new Governor({ pipeline, tracers, cpuPercent: limits.cpuPercent, ...measuring, onProblem });
    pipeline.addReader(governor);
    return { pipeline, governor, telemetry, page };
  } catch (error) {
    await telemetry[Symbol.asyncDispose]();
    throw error;
  }
}

/** The variables hold nothing but text. */
function textAttributes(attributes: Attributes): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(attributes)) if (typeof value === "string") texts[name] = value;
  return texts;
}

/** The tracers first: their last round is still to be sent. */
async function stopParts({ pipeline, governor, telemetry, page }: Parts): Promise<void> {
  governor[Symbol.dispose]();
  await page?.[Symbol.asyncDispose]();
  await pipeline[Symbol.asyncDispose]();
  await telemetry[Symbol.asyncDispose]();
}

async function startPage(
  { page }: Settings,
  history: History,
  telemetry: Telemetry,
  takeRound: () => Promise<void>,
): Promise<PageServer | undefined> {
  if (!page.enabled) return undefined;
  const { PageServer } = await import("../server/page-server.ts");
  return await PageServer.start({
    history,
    version: skepVersion(),
    takeRound,
    metrics: () => [...telemetry.prometheusText()].join(""),
    port: page.port,
    openEndpoints: page.openEndpoints,
    ...(page.tokenFile !== undefined && { token: readToken(page.tokenFile) }),
  });
}

function readToken(path: string): string {
  let token: string;
  try {
    token = readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new CliError(`cannot read ${path}: ${describeErrno(cause)}`, { cause });
  }
  if (token.length >= 16 && /^[\w~.-]+$/.test(token)) return token;
  throw new CliError(`${path} holds no token`, {
    hints: ["it takes 16 or more letters, digits, -, _, . and ~: openssl rand -hex 16"],
  });
}

async function changeTracers(governor: Governor, before: TracerSettings, after: TracerSettings): Promise<void> {
  for (const name of TRACER_NAMES) await changeTracer(governor, name, before[name], after[name]);
}

async function changeTracer<Name extends TracerName>(
  governor: Governor,
  name: Name,
  before: SettingsOf<Name> | undefined,
  after: SettingsOf<Name> | undefined,
): Promise<void> {
  if (JSON.stringify(before) !== JSON.stringify(after)) await governor.configure(name, after);
}

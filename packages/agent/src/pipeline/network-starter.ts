import {
  type NetworkPart,
  NetworkTracer,
  type NetworkTracerOptions,
  type RequestEvent,
  RouteTemplates,
  type TlsReport,
} from "@skep/tracers/networking";
import { explainError } from "../cli/report-error.ts";
import { grownBy, named, networkIncomplete } from "./network-losses.ts";
import { RequestReservoir } from "./request-reservoir.ts";
import type { SingleRequest } from "./round.ts";
import type { Observation, RunningTracer } from "./running-tracer.ts";
import type { SettingsOf } from "./tracer-settings.ts";

const PARTS: readonly NetworkPart[] = ["connections", "requests", "packets"];

type PartOptions = NonNullable<NetworkTracerOptions[NetworkPart]>;

/** What a part did not start for: `packets: this kernel has no ...`. */
interface Started<Tracer> {
  readonly tracer: Tracer;
  readonly failures: readonly string[];
}

/**
 * Starts with as many parts as this kernel allows, and TLS as one of them.
 *
 * @throws what the first part failed with, where none can be started
 */
export async function startParts<Tracer extends AsyncDisposable>(
  options: NetworkTracerOptions,
  start: (options: NetworkTracerOptions) => Promise<Tracer>,
): Promise<Started<Tracer>> {
  try {
    return { tracer: await start(options), failures: [] };
  } catch (error) {
    // Each on its own: which ones it is for is not in the error.
    const failures: string[] = [];
    const possible: Record<string, PartOptions> = {};
    for (const part of PARTS) possible[part] = await largestPart(part, options, start, failures);
    if (PARTS.every((part) => possible[part] === false)) throw error;
    return { tracer: await start({ ...options, ...possible }), failures };
  }
}

/** The options of a part with which it starts, or false. */
async function largestPart(
  part: NetworkPart,
  options: NetworkTracerOptions,
  start: (options: NetworkTracerOptions) => Promise<AsyncDisposable>,
  failures: string[],
): Promise<PartOptions> {
  const { [part]: given = true } = options;
  if (given === false) return false;
  const choices: [what: string, options: PartOptions][] = [[part, given]];
  const isWithTls = part === "requests" && (given === true || ("tls" in given ? given.tls : true) !== false);
  if (isWithTls) choices.unshift(["tls", given]);
  if (isWithTls) choices[1] = [part, { ...(given === true ? {} : given), tls: false }];
  for (const [what, choice] of choices) {
    const others = Object.fromEntries(PARTS.map((name) => [name, false]));
    try {
      await using _ = await start({ ...options, ...others, [part]: choice });
      return choice;
    } catch (error) {
      failures.push(`${what}: ${explainError(error).message}`);
    }
  }
  return false;
}

/** The tracer of the network for the pipeline. */
export async function startNetworkTracer(settings: SettingsOf<"network">): Promise<RunningTracer> {
  const { singleRequests = 0, ...options } = settings;
  const { tracer, failures } = await startParts(options, NetworkTracer.start.bind(NetworkTracer));
  const observer = new NetworkObserver(tracer, singleRequests);
  return {
    ...(failures.length > 0 && { shortcoming: failures.join("; ") }),
    observe: () => observer.observe(),
    stop: () => tracer.stop(),
    overhead: () => tracer.overhead(),
    [Symbol.asyncDispose]: () => tracer[Symbol.asyncDispose](),
  };
}

/** As far as it is observed. */
type ObservedTracer = Pick<NetworkTracer, "snapshot" | "counts" | "lost" | "events">;

/** What a tracer of the network saw, from one round to the next. */
export class NetworkObserver {
  readonly #tracer: ObservedTracer;
  readonly #reservoir: RequestReservoir | undefined;
  readonly #routes = new RouteTemplates();
  #delivered = 0;
  #lost: Readonly<Record<string, number>> = {};
  #unread = 0;
  #tls: TlsReport | undefined;

  /** @param singleRequests how many are told one by one in a round; none of them is read where that is 0 */
  constructor(tracer: ObservedTracer, singleRequests: number) {
    this.#tracer = tracer;
    if (singleRequests === 0) return;
    this.#reservoir = new RequestReservoir(singleRequests);
    // Ends with the tracer; what fails it makes the next snapshot fail, too, which is where it is told.
    void this.#reservoir.read(tracer.events()).catch(() => undefined);
  }

  async observe(): Promise<Observation> {
    const report = await this.#tracer.snapshot();
    // What the events' queues hold is read without a wait in between: once through the event loop, and it is here.
    await new Promise(setImmediate);
    const { requests, leftOut } = this.#reservoir?.take() ?? { requests: [], leftOut: 0 };
    const incomplete = networkIncomplete(report, this.#tls);
    this.#tls = report.tls;
    const { seen, delivered, lost } = this.#countEvents();
    return {
      reports: {
        network: {
          report,
          requests: requests.map((request) => this.#withRoute(request)),
          requestsLeftOut: leftOut + this.#countUnread(),
          lost,
          incomplete,
        },
      },
      seen,
      delivered,
      lost,
      rung: "tp_btf",
    };
  }

  #withRoute(event: RequestEvent): SingleRequest {
    if (event.kind === "dns" || event.path === undefined) return event;
    return { ...event, route: this.#routes.routeOf(`${event.process.name}/${event.side}`, event.path) };
  }

  #countEvents(): { seen: number; delivered: number; lost: Readonly<Record<string, number>> } {
    const counts = Object.entries(this.#tracer.counts());
    const sum = (key: "seen" | "delivered") => counts.reduce((total, [, count]) => total + count[key], 0);
    const delivered = sum("delivered");
    const lost: Readonly<Record<string, number>> = Object.assign(
      {},
      ...counts.map(([kind, { lost: reasons }]) => named(kind, reasons)),
    );
    const grown = { delivered: delivered - this.#delivered, lost: grownBy(lost, this.#lost) };
    this.#delivered = delivered;
    this.#lost = lost;
    return { seen: sum("seen"), ...grown };
  }

  #countUnread(): number {
    const unread = this.#tracer.lost().requests?.eventsUnread ?? 0;
    const grown = unread - this.#unread;
    this.#unread = unread;
    return grown;
  }
}

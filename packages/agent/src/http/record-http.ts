import { type HttpRequestEvent, type NetworkEvent, NetworkTracer } from "@skep/tracers/networking";
import { EventCounter, type EventCounts } from "../network/event-counts.ts";
import { countUntilEnd } from "../run/count-until-end.ts";
import type { Run } from "../run/run.ts";
import { subjectOf } from "../run/target.ts";
import { writeEvents } from "../run/write-events.ts";
import type { LiveScreen } from "../terminal/live-screen.ts";
import { ProgramNames } from "../terminal/program-names.ts";
import type { TableSize } from "../terminal/table-size.ts";
import { encodeHttpRequest } from "./http-json.ts";
import { requestLines } from "./http-line.ts";
import { addHttpReports, type HttpReport, httpReportOf } from "./http-report.ts";
import type { HttpRunRequest } from "./http-run-request.ts";
import { formatHttpTable } from "./http-table.ts";

/** All that there was to print, and what came of it. */
export interface HttpResult {
  readonly report: HttpReport;
  readonly counts: EventCounts;
}

/** Follows requests from now until the run ends, and prints each one where that is asked for. */
export async function recordHttp(
  { follow, json, keepQuery, tls, target }: HttpRunRequest,
  run: Run,
  screen: LiveScreen | undefined,
): Promise<HttpResult> {
  const { stdout } = process;
  await using tracer = await NetworkTracer.start({
    ...run.targetOptions,
    connections: false,
    packets: false,
    requests: { keepQuery, tls },
  });
  const names = new ProgramNames();
  const counter = new EventCounter(tracer);
  const format = json ? encodeHttpRequest : requestLines(() => (stdout.isTTY ? stdout.columns : undefined));
  const writing = follow || json ? writeEvents(requestsOf(tracer.events(), counter, names), format) : undefined;

  const subject = subjectOf(target);
  const table = {
    activity: `Following the requests of ${subject ?? "every process"}`,
    add: addHttpReports,
    format: (report: HttpReport, size: TableSize) => formatHttpTable(report, subject, size),
  };
  const counting = {
    exited: tracer.exited,
    stop: () => tracer.stop(),
    snapshot: async () => httpReportOf(await tracer.snapshot(), names),
  };
  const report = await countUntilEnd(run, counting, table, screen);
  await writing;
  const { latest: _, ...whole } = report;
  return { report: whole, counts: counter.counts(["http"]) };
}

async function* requestsOf(
  events: AsyncIterable<NetworkEvent>,
  counter: EventCounter,
  names: ProgramNames,
): AsyncGenerator<HttpRequestEvent> {
  for await (const event of events) {
    if (event.kind !== "http") continue;
    counter.add("http");
    yield { ...event, process: names.named(event.process) };
  }
}

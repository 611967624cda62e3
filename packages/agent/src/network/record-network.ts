import { type NetworkEvent, NetworkTracer } from "@skep/tracers/networking";
import { countUntilEnd } from "../run/count-until-end.ts";
import type { Run } from "../run/run.ts";
import { subjectOf } from "../run/target.ts";
import { writeEvents } from "../run/write-events.ts";
import type { LiveScreen } from "../terminal/live-screen.ts";
import type { TableSize } from "../terminal/table-size.ts";
import { EventCounter, type EventCounts } from "./event-counts.ts";
import { encodeNetworkEvent, type PrintedEvent } from "./network-json.ts";
import type { NetworkRunRequest } from "./network-run-request.ts";
import { formatNetworkTable } from "./network-table.ts";
import type { NetworkView } from "./network-view.ts";
import { NetworkWatch } from "./network-watch.ts";

/** All that there was to tell, and what came of it. */
export interface NetworkResult {
  readonly view: NetworkView;
  readonly counts: EventCounts;
}

/** Watches the network from now until the run ends. */
export async function recordNetwork(
  { datagrams, json, packets, target }: NetworkRunRequest,
  run: Run,
  screen: LiveScreen | undefined,
): Promise<NetworkResult> {
  await using tracer = await NetworkTracer.start({
    ...run.targetOptions,
    requests: datagrams && { http: false },
    packets: packets && { flows: false },
  });
  const watch = new NetworkWatch();
  const counter = new EventCounter(tracer);
  const events = watched(tracer.events(), watch, counter);
  const reading = json ? writeEvents(events, encodeNetworkEvent) : readAll(events);
  // What connections carried before does not count.
  watch.add(await tracer.snapshot());

  const subject = subjectOf(target);
  const table = {
    activity: `Watching the network of ${subject ?? "every process"}`,
    add: (_: NetworkView, next: NetworkView) => next,
    format: (view: NetworkView, size: TableSize) => formatNetworkTable(view, subject, size, "latest"),
  };
  const counting = {
    exited: tracer.exited,
    stop: () => tracer.stop(),
    snapshot: async () => watch.add(await tracer.snapshot()),
  };
  await countUntilEnd(run, counting, table, screen);
  await reading;
  // Once more: now all events are in it.
  return { view: watch.add(await tracer.snapshot()), counts: counter.counts(["connections", "dns"]) };
}

async function* watched(
  events: AsyncIterable<NetworkEvent>,
  watch: NetworkWatch,
  counter: EventCounter,
): AsyncGenerator<PrintedEvent> {
  for await (const event of events) {
    if (event.kind === "http") continue;
    counter.add(event.kind === "dns" ? "dns" : "connections");
    yield watch.addEvent(event);
  }
}

async function readAll(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events) {
    // Looking at them is all there is to do.
  }
}

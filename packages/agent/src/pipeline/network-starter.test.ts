import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfError } from "@skep/ebpf";
import type { NetworkEvent, NetworkTracerOptions, TlsReport } from "@skep/tracers/networking";
import { NetworkObserver, startParts } from "./network-starter.ts";
import { connectionReport, packetReport, query, request, requestReport } from "./testing/network-round.ts";

const PLAIN = { [Symbol.asyncDispose]: async () => undefined };

/** A kernel on which some parts fail; tells what was started last. */
function kernelWithout(...missing: readonly ("connections" | "requests" | "packets" | "tls")[]) {
  const started: NetworkTracerOptions[] = [];
  const isOn = (part: unknown) => part !== false;
  const start = async (options: NetworkTracerOptions) => {
    const { requests = true } = options;
    const tls = typeof requests === "object" ? requests.tls : requests;
    for (const part of missing) {
      if (part === "tls" ? isOn(requests) && isOn(tls) : isOn(options[part]))
        throw new BpfError("not-supported", `no ${part} here`);
    }
    started.push(options);
    return PLAIN;
  };
  return { started, start };
}

test("what a kernel has all of is started once, as it is asked for", async () => {
  const { started, start } = kernelWithout();
  const options = { packets: false };
  assert.deepEqual(await startParts(options, start), { tracer: PLAIN, failures: [] });
  assert.deepEqual(started, [options]);
});

test("parts that a kernel lacks are left out, and named", async () => {
  const { started, start } = kernelWithout("packets", "tls");
  const { failures } = await startParts({ requests: { keepQuery: true } }, start);
  assert.deepEqual(failures, ["tls: no tls here", "packets: no packets here"]);
  assert.deepEqual(started.at(-1), {
    connections: true,
    requests: { keepQuery: true, tls: false },
    packets: false,
  });
});

test("where no part can be started, the tracer cannot", async () => {
  const { start } = kernelWithout("connections", "requests", "packets");
  await assert.rejects(startParts({}, start), { message: "no connections here" });
});

test("an observation has what grew since the one before", async () => {
  const counts = {
    connections: { seen: 3, delivered: 2, lost: { opened: 1 } },
    http: { seen: 10, delivered: 9, lost: { headCut: 1, headTooLong: 0 } },
  };
  const tls = { files: [], hits: 5, sessions: 1, sessionsKnown: 1, conflicts: 2, callsLost: 0, tooBusy: 0 };
  let unread = 4;
  async function* events(): AsyncGenerator<NetworkEvent, undefined> {
    yield request({ path: "/users/4711" });
    yield query({});
    return undefined;
  }
  const report = {
    timeUnixNs: 0n,
    durationNs: 1,
    tls: tls as TlsReport,
    requests: requestReport({
      lost: { headCut: 1, recursion: 6 } as ReturnType<typeof requestReport>["lost"],
      incomplete: { gaps: 3 } as ReturnType<typeof requestReport>["incomplete"],
    }),
    connections: connectionReport({
      lost: { opened: 1, closed: 0, failed: 0, connectionsFull: 7, interrupted: 0, unread: 9 },
    }),
    packets: packetReport({ lost: { recursion: 8 } }),
  };
  const observer = new NetworkObserver(
    {
      snapshot: async () => report,
      counts: () => counts,
      lost: () => ({ requests: { eventsUnread: unread } as never }),
      events: () => events() as never,
    },
    1,
  );
  const first = await observer.observe();
  assert.deepEqual([first.seen, first.delivered, first.lost], [13, 11, { "connections.opened": 1, "http.headCut": 1 }]);
  const network = first.reports.network;
  assert.deepEqual(network?.incomplete, {
    "requests.gaps": 3,
    "requests.recursion": 6,
    "connections.connectionsFull": 7,
    "packets.recursion": 8,
    "tls.conflicts": 2,
  });
  assert.equal(network.requests.length, 1);
  // One found no room, and four were not read.
  assert.equal(network.requestsLeftOut, 5);
  counts.http = { seen: 12, delivered: 10, lost: { headCut: 2, headTooLong: 0 } };
  unread = 5;
  const second = await observer.observe();
  assert.deepEqual(
    [second.seen, second.delivered, second.lost],
    [15, 1, { "connections.opened": 0, "http.headCut": 1 }],
  );
  assert.equal(second.reports.network?.requestsLeftOut, 1);
  assert.equal(second.reports.network?.incomplete["tls.conflicts"], undefined);
});

test("a path has its template with it", async () => {
  async function* events(): AsyncGenerator<NetworkEvent, undefined> {
    yield request({ path: "/users/4711" });
    return undefined;
  }
  const observer = new NetworkObserver(
    {
      snapshot: async () => ({ timeUnixNs: 0n, durationNs: 1 }),
      counts: () => ({}),
      lost: () => ({}),
      events: () => events() as never,
    },
    10,
  );
  const [single] = (await observer.observe()).reports.network?.requests ?? [];
  assert.equal(single?.kind === "http" && single.route, "/users/{id}");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkEventCounts, NetworkEventKind } from "@skep/tracers/networking";
import { EventCounter } from "./event-counts.ts";

test("what came before nobody read does not count; what was not read is lost", () => {
  let counts: Partial<Record<NetworkEventKind, NetworkEventCounts>> = {
    http: { seen: 10, delivered: 8, lost: { headCut: 0 } },
  };
  const counter = new EventCounter({ counts: () => counts });
  for (let event = 0; event < 20; event++) counter.add("http");
  counts = { http: { seen: 40, delivered: 35, lost: { headCut: 5 } } };
  assert.deepEqual(counter.counts(["http", "dns"]), {
    seen: { http: 32 },
    delivered: { http: 20 },
    lost: { httpHeadCut: 5, httpUnread: 7 },
  });
});

test("of a kind of which nothing came there are zeros", () => {
  const counter = new EventCounter({ counts: () => ({ dns: { seen: 0, delivered: 0, lost: {} } }) });
  assert.deepEqual(counter.counts(["dns"]), { seen: { dns: 0 }, delivered: { dns: 0 }, lost: { dnsUnread: 0 } });
});

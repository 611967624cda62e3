import assert from "node:assert/strict";
import { test } from "node:test";
import { closedConnection, failedConnection, udpFlow } from "../testing/network-reports.ts";
import { connectionEnds, flowEnds, manyConnectionEnds } from "./ends-text.ts";

const server = closedConnection();
const client = failedConnection();
const { role: _, ...unknown } = server;
const { local: _l, peer: _p, ...nowhere } = server;
const unix = closedConnection({ transport: "unix", path: "/run/a\n" });

const cases: readonly [text: string, expected: string][] = [
  [connectionEnds(server, false), ":8080 ← 192.0.2.7:51234"],
  [connectionEnds(server, true), "192.0.2.1:8080 ← 192.0.2.7:51234"],
  [connectionEnds(client, false), ":40000 → [2001:db8::1]:443"],
  [connectionEnds(unknown, false), ":8080 – 192.0.2.7:51234"],
  [connectionEnds(nowhere, false), "* ← ?"],
  [connectionEnds(unix, false), "unix ← /run/a\\x0a"],
  [manyConnectionEnds(server, false), ":8080 ← 192.0.2.7"],
  [manyConnectionEnds(client, true), "→ [2001:db8::1]:443"],
  [manyConnectionEnds(unknown, false), ":8080 – 192.0.2.7:51234"],
  [manyConnectionEnds(unix, false), "unix ← /run/a\\x0a"],
  [flowEnds(udpFlow(), false), "udp :53000 ↔ 192.0.2.53:53"],
  [flowEnds(udpFlow(), true), "udp 192.0.2.1:53000 ↔ 192.0.2.53:53"],
];

for (const [text, expected] of cases) test(expected, () => assert.equal(text, expected));

test("a peer that is not known is anyone", () => {
  const { peer: _, ...flow } = udpFlow();
  assert.equal(flowEnds(flow, false), "udp :53000 ↔ *");
});

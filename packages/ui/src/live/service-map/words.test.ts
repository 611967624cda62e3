import assert from "node:assert/strict";
import { test } from "node:test";
import { placeLabels } from "./labels.ts";
import type { MapLink, MapNode } from "./model.ts";
import { cut, linkLabel, linkText, nodeLabel, nodeText } from "./words.ts";

const link: MapLink = {
  id: "1",
  from: "web",
  to: "api",
  requests: 60,
  errors: 3,
  p99Ns: 2_000_000,
  opened: 1,
  failed: 0,
  sentBytes: 1000,
  receivedBytes: 2000,
  retransmits: 2,
};
const bare: MapLink = { ...link, requests: 0, errors: 0, p99Ns: undefined, retransmits: 0 };
const names = new Map([
  ["web", "web"],
  ["api", "api"],
]);

test("beside a line stand its requests, else its bytes, else that it was opened", () => {
  const texts = (of: MapLink) => linkLabel(of, 30).map(({ text }) => text);
  assert.deepEqual(texts(link), ["2/s · 2.0 ms", "5.0% failed"]);
  assert.deepEqual(texts(bare), ["100 B/s", ""]);
  assert.deepEqual(texts({ ...bare, sentBytes: 0, receivedBytes: 0, failed: 4 }), ["1 opened", "4 failed"]);
});

test("a line is told in a sentence", () => {
  assert.equal(
    linkText(link, names, 30),
    "web → api: 60 requests, 2/s; 3 failed (5.0%); 99 of 100 took 2.0 ms at most; 1 connection opened; 1.00 kB sent, 2.00 kB received; 2 segments sent again",
  );
  assert.equal(linkText(bare, names, 30), "web → api: 1 connection opened; 1.00 kB sent, 2.00 kB received");
});

test("a box is told in a sentence", () => {
  const served = {
    service: "api",
    requests: 60,
    errors: 6,
    timed: 60,
    totalNs: 1,
    maxNs: 1,
    p99Ns: 2e6,
    requestBytes: 0,
    responseBytes: 0,
  };
  const api: MapNode = { id: "api", kind: "service", name: "api", members: ["api"], served };
  const map = { nodes: [api], links: [link, { ...link, id: "2", from: "api" }], leftOut: 0 };
  assert.equal(
    nodeText(api, map, 30),
    "api: answers 2/s; 10.0% of it failed; 99 of 100 took 2.0 ms at most; called by 1; calls itself",
  );
  assert.equal(nodeLabel(api, 30, 40), "answers 2/s · 2.0 ms");
  assert.equal(nodeLabel(api, 30, 15), "2/s · 2.0 ms");
  const group: MapNode = { ...api, kind: "group", members: ["a", "b", "c", "d", "e", "f"], served: undefined };
  assert.equal(nodeText(group, { ...map, links: [] }, 30), "api: a, b, c, d, e and others");
  assert.equal(nodeLabel(group, 30, 40), "a …");
  const socket: MapNode = { ...group, kind: "elsewhere", name: "/run/bus", members: ["/run/bus"] };
  assert.equal(nodeLabel(socket, 30, 40), "Unix socket");
  assert.equal(nodeText(socket, { ...map, links: [] }, 30), "/run/bus: nobody is known to listen there");
  assert.equal(nodeLabel({ ...socket, name: "192.0.2.1:80" }, 30, 40), "elsewhere");
  assert.equal(cut("abcdef", 4), "abc…");
});

test("no label hides another one, nor stands where there is no room", () => {
  const lines = [{ text: "12/s · 3 ms", isTrouble: false }];
  const points = [
    { x: 0, y: 0 },
    { x: 200, y: 0 },
  ];
  const same = ["a", "b", "c", "d"].map((id) => ({ id, points, lines }));
  const placed = placeLabels(same);
  assert.deepEqual(
    placed.map(({ id }) => id),
    ["a", "b", "c"].slice(0, placed.length),
  );
  assert.ok(placed.length < 4);
  const [first, second] = placed;
  assert.ok(first && (second === undefined || Math.abs(first.x - second.x) >= first.widthPx));
  const short = [
    { x: 0, y: 0 },
    { x: 30, y: 0 },
  ];
  assert.deepEqual(placeLabels([{ id: "a", points: short, lines }]), []);
});

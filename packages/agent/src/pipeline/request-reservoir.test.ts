import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestReservoir } from "./request-reservoir.ts";
import { request } from "./testing/network-round.ts";

test("of too many requests as many are kept as there is room for, and the others are counted", () => {
  const reservoir = new RequestReservoir(10);
  for (let index = 0; index < 25; index++) reservoir.add(request({ status: index }));
  const { requests, leftOut } = reservoir.take();
  assert.deepEqual([requests.length, leftOut], [10, 15]);
  assert.equal(new Set(requests).size, 10);
  assert.deepEqual(reservoir.take(), { requests: [], leftOut: 0 });
});

test("each of them is as likely to be kept as the others", () => {
  const kept = new Map<number, number>();
  for (let round = 0; round < 4000; round++) {
    const reservoir = new RequestReservoir(2);
    for (let index = 0; index < 8; index++) reservoir.add(request({ requestBytes: index }));
    for (const event of reservoir.take().requests) {
      const index = event.kind === "http" ? (event.requestBytes ?? 0) : 0;
      kept.set(index, (kept.get(index) ?? 0) + 1);
    }
  }
  // 1,000 of each; twelve standard deviations.
  for (let index = 0; index < 8; index++) assert.ok(Math.abs((kept.get(index) ?? 0) - 1000) < 330);
});

test("without room all are left out", () => {
  const reservoir = new RequestReservoir(0);
  reservoir.add(request({}));
  assert.deepEqual(reservoir.take(), { requests: [], leftOut: 1 });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveConnection } from "@skep/tracers/networking";
import { History } from "../history/history.ts";
import { FIRST_ROUND_MS, ROUND_MS, round } from "../history/testing/rounds.ts";
import { connectionReport, networkRound } from "../pipeline/testing/network-round.ts";
import { liveConnection, traffic } from "../testing/network-reports.ts";
import { LiveConnections } from "./live-connections.ts";

function watched(connectionsOf: (index: number) => readonly LiveConnection[]) {
  const history = new History();
  let index = 0;
  const read = () => {
    const timeUnixNs = BigInt(FIRST_ROUND_MS + index * ROUND_MS) * 1_000_000n;
    const connections = connectionReport({ timeUnixNs, connections: connectionsOf(index) });
    history.read(round(index++, { network: networkRound({ connections }) }));
  };
  let taken = 0;
  const takeRound = async () => {
    taken++;
    read();
  };
  return { history, read, taken: () => taken, live: new LiveConnections({ history, takeRound }) };
}

const carrying = (id: number, sentBytes: number, changes: Partial<LiveConnection> = {}) => {
  const { openedUnixNs: _, ...old } = liveConnection({ id, traffic: traffic({ sentBytes }) });
  return { ...old, ...changes };
};

test("the first look has what was carried, the next one what is carried in a second", async () => {
  using watch = dispose(watched((index) => [carrying(1, 5000), carrying(2, 100 + 1000 * index)]));
  const { live, read, taken } = watch;
  const first = await live.answer(undefined);
  assert.deepEqual([first.hasRates, first.count, first.timeMs], [false, 2, FIRST_ROUND_MS + ROUND_MS]);
  assert.deepEqual(
    first.connections.map(({ id, sentBytes, sentPerSecond }) => [id, sentBytes, sentPerSecond]),
    [
      [1, 5000, undefined],
      [2, 100, undefined],
    ],
  );
  read();
  const second = await live.answer(undefined);
  assert.equal(second.hasRates, true);
  assert.deepEqual(
    second.connections.map(({ id, sentBytes, sentPerSecond }) => [id, sentBytes, sentPerSecond]),
    [
      [2, 1100, 100],
      [1, 5000, 0],
    ],
  );
  assert.equal(taken(), 1);
});

test("what was opened in the round has carried all of it in that time", async () => {
  const openedUnixNs = BigInt(FIRST_ROUND_MS + 1) * 1_000_000n;
  using watch = dispose(watched(() => [carrying(1, 5000, { openedUnixNs })]));
  const { connections } = await watch.live.answer(undefined);
  assert.deepEqual([connections[0]?.sentPerSecond, connections[0]?.openedMs], [500, FIRST_ROUND_MS + 1]);
});

test("of very many the busiest are told, or those of one process", async () => {
  const many = Array.from({ length: 700 }, (_, id) => carrying(id, id, { pid: id < 600 ? 1 : 2, process: "\x1b[2J" }));
  using watch = dispose(watched(() => many));
  const { connections, count } = await watch.live.answer(undefined);
  assert.deepEqual(
    [connections.length, count, connections[0]?.id, connections[0]?.process],
    [500, 700, 699, "\\x1b[2J"],
  );
  const ofOne = await watch.live.answer(2);
  assert.deepEqual([ofOne.connections.length, ofOne.count], [100, 100]);
});

test("nothing is kept when nobody has looked for some rounds", async () => {
  using watch = dispose(watched(() => [carrying(1, 5000)]));
  const { live, read, taken } = watch;
  await live.answer(undefined);
  read();
  assert.equal((await live.answer(undefined)).hasRates, true);
  for (let idle = 0; idle < 6; idle++) read();
  const again = await live.answer(undefined);
  assert.deepEqual([again.hasRates, again.count, taken()], [false, 1, 2]);
});

test("where connections are not traced there is no answer but that", async () => {
  const history = new History();
  const { network: _, ...without } = round(0);
  using live = new LiveConnections({ history, takeRound: async () => history.read(without) });
  const { tracer, ...answer } = await live.answer(undefined);
  assert.deepEqual([tracer?.name, answer], ["network", { connections: [], count: 0, hasRates: false }]);
});

function dispose<Watched extends { readonly live: Disposable }>(given: Watched): Watched & Disposable {
  return { ...given, [Symbol.dispose]: () => given.live[Symbol.dispose]() };
}

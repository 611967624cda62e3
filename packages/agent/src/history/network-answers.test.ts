import assert from "node:assert/strict";
import { test } from "node:test";
import { networkRound, requestReport, requests } from "../pipeline/testing/network-round.ts";
import { History } from "./history.ts";
import { networkAnswer } from "./network-answers.ts";
import { api, round, smallNetwork } from "./testing/rounds.ts";

function answerOf(history: History, pid?: number) {
  const spans = history.spans({ fromMs: 0, toMs: Number.POSITIVE_INFINITY }).flatMap(({ network }) => network ?? []);
  return networkAnswer(history.tables, spans, pid);
}

test("requests of several rounds are one row, whichever server they went to", () => {
  const history = new History();
  const sent = { process: api, side: "client", status: 200 } as const;
  const network = networkRound({
    requests: requestReport({
      requests: [
        requests(2, { ...sent, peer: { address: "10.0.0.1", port: 80 } }),
        requests(3, { ...sent, peer: { address: "10.0.0.2", port: 80 }, aborted: 1 }),
      ],
      unattributedRequests: 4,
    }),
  });
  history.read(round(0, { network }));
  history.read(round(1, { network }));
  const { requests: rows, edges, requestKinds } = answerOf(history);
  assert.deepEqual(
    rows.map(({ service, requests: of, errors }) => [service, of, errors]),
    [
      ["api", 10, 2],
      ["other requests", 8, 0],
    ],
  );
  assert.equal(requestKinds, 2);
  assert.deepEqual(
    edges.map(({ from, to, requests: of }) => [from, to, of]),
    [
      ["api", "10.0.0.2:80", 6],
      ["api", "10.0.0.1:80", 4],
    ],
  );
});

test("of a single process there are counts, and no shares of durations", () => {
  const history = new History();
  history.read(round(0, { network: smallNetwork() }));
  const { requests: rows, peers } = answerOf(history, api.pid);
  assert.deepEqual(
    rows.map(({ requests: of, p50Ns }) => [of, p50Ns]),
    [
      [20, undefined],
      [3, undefined],
    ],
  );
  assert.deepEqual(
    peers.map(({ process }) => process.pid),
    [api.pid],
  );
});

test("more kinds than there is room for leave sums as they were, and stay within the bound", () => {
  const history = new History({ limitBytes: 1_000_000 });
  for (let index = 0; index < 60; index++) {
    const many = Array.from({ length: 500 }, (_, kind) =>
      requests(500 - kind, { process: api, route: `/${index}/${kind}` }),
    );
    history.read(round(index, { network: networkRound({ requests: requestReport({ requests: many }) }) }));
    assert.ok(history.sizeBytes <= 1_000_000);
  }
  const spans = history.spans({ fromMs: 0, toMs: Number.POSITIVE_INFINITY });
  const rounds = spans.reduce((sum, { roundCount }) => sum + roundCount, 0);
  const sum = spans.reduce((total, { network }) => total + (network?.requests.sum("requests") ?? 0), 0);
  assert.equal(sum, rounds * ((500 * 501) / 2));
});

import assert from "node:assert/strict";
import { basename } from "node:path";
import { test } from "node:test";
import { connectionReport, networkRound, peer, requestReport, requests } from "../pipeline/testing/network-round.ts";
import { History } from "./history.ts";
import { networkAnswer } from "./network-answers.ts";
import { api, round, shell, smallNetwork } from "./testing/rounds.ts";

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

const listener = {
  transport: "tcp",
  local: { address: "0.0.0.0", port: 8080 },
  pid: api.pid,
  process: api.name,
  networkNamespace: 1,
  capacity: 1,
} as const;

test("a connection with both ends on this machine is one edge, which its client tells of", () => {
  const history = new History();
  const ofShell = { pid: shell.pid, process: shell.name, serverPort: 8080 };
  const ofApi = { role: "server", pid: api.pid, process: api.name, serverPort: 8080 } as const;
  history.read(
    round(0, {
      network: networkRound({
        requests: requestReport({
          requests: [
            requests(5, { process: api }),
            requests(5, { process: shell, side: "client", peer: { address: "10.0.0.5", port: 8080 } }),
          ],
        }),
        connections: connectionReport({
          listeners: [listener],
          connections: [
            {
              id: 1,
              transport: "tcp",
              role: "client",
              state: "ESTAB",
              local: { address: "10.0.0.5", port: 40_000 },
              networkNamespace: 1,
              existed: false,
            },
          ],
          peers: [
            peer({ ...ofShell, peerAddress: "10.0.0.5", opened: 1, sentBytes: 70, receivedBytes: 900 }),
            peer({ ...ofApi, peerAddress: "10.0.0.5", opened: 1, sentBytes: 900, receivedBytes: 70 }),
            peer({ ...ofApi, peerAddress: "192.0.2.1", opened: 1, sentBytes: 30, receivedBytes: 7 }),
          ],
        }),
      }),
    }),
  );
  const { edges, served, edgeCount } = answerOf(history);
  const textOf = (row: (typeof edges)[number]) =>
    [row.from, row.to, row.toHere, row.requests, row.sentBytes, row.receivedBytes].join(" ");
  assert.deepEqual(edges.map(textOf), ["sh api true 5 70 900", "192.0.2.1 api true 0 7 30"]);
  assert.deepEqual([edges[0]?.fromHere, edges[1]?.fromHere, edgeCount], [true, false, 2]);
  assert.equal(edges[0]?.p99Ns, 2 ** 20);
  assert.deepEqual(
    served.map(({ service, requests: of, p99Ns }) => [service, of, p99Ns]),
    [["api", 5, 2 ** 20]],
  );
  // Of one process, those that it calls and those that call it.
  assert.deepEqual(answerOf(history, api.pid).edges.map(textOf), edges.map(textOf));
});

test("a client of this machine that is not traced shows by its address", () => {
  const history = new History();
  const server = peer({ role: "server", process: "api", peerAddress: "127.0.0.1", serverPort: 8080, sentBytes: 9 });
  history.read(round(0, { network: networkRound({ connections: connectionReport({ peers: [server] }) }) }));
  assert.deepEqual(
    answerOf(history).edges.map(({ from, fromHere, to, receivedBytes }) => [from, fromHere, to, receivedBytes]),
    [["127.0.0.1", false, "api", 9]],
  );
});

test("who listens at a Unix socket is who is called there", () => {
  const history = new History();
  const path = "/run/api.sock";
  const { local: _, ...unix } = { ...listener, transport: "unix", path } as const;
  const { peerAddress: __, serverPort: ___, ...client } = peer({ transport: "unix", process: "sh", path, opened: 1 });
  const server = { ...client, role: "server", process: "api" } as const;
  const connections = connectionReport({ listeners: [unix], peers: [client, server] });
  history.read(round(0, { network: networkRound({ connections }) }));
  assert.deepEqual(
    answerOf(history).edges.map(({ from, to, server: at }) => [from, to, at]),
    [["sh", "api", path]],
  );
});

test("a process whose first thread's name tells nothing goes by its program's", () => {
  const history = new History();
  const of = { pid: 2 ** 22, name: "MainThread", executablePath: "/opt/bin/web" };
  const own = { pid: process.pid, process: "MainThread" };
  const program = basename(process.execPath);
  const network = networkRound({
    requests: requestReport({ requests: [requests(1, { process: of })] }),
    connections: connectionReport({
      listeners: [{ ...listener, ...own }],
      peers: [peer({ ...own, peerAddress: "127.0.0.1", serverPort: 8080, opened: 1 })],
    }),
  });
  history.read(round(0, { network }));
  const { served, edges, peers } = answerOf(history);
  assert.deepEqual(
    served.map(({ service }) => service),
    ["web"],
  );
  assert.deepEqual(
    edges.map(({ from, to }) => [from, to]),
    [[program, program]],
  );
  assert.equal(peers[0]?.process.name, program);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connection, ConnectionClosed, ConnectionOpened, LiveConnection, TcpTraffic } from "./connection.ts";
import { ConnectionStore } from "./connection-store.ts";

const client: Connection = {
  id: 1,
  transport: "tcp",
  role: "client",
  pid: 4242,
  process: "api",
  local: { address: "10.0.0.1", port: 40_000 },
  peer: { address: "10.0.0.2", port: 5432 },
  networkNamespace: 1,
  existed: false,
};

function traffic(sentBytes: number, receivedBytes: number, retransmits = 0): TcpTraffic {
  return {
    ...{ sentBytes, receivedBytes, retransmits, retransmittedBytes: 0 },
    ...{ sentSegments: 0, receivedSegments: 0, sentDataSegments: 0, receivedDataSegments: 0 },
    ...{ congestionWindow: 10, sendQueueBytes: 0, receiveQueueBytes: 0 },
  };
}

function opened(connection: Connection): ConnectionOpened {
  return { ...connection, kind: "opened", timeUnixNs: 0n, connectLatencyNs: 100 };
}

function live(connection: Connection, counted: TcpTraffic): LiveConnection {
  return { ...connection, state: "ESTAB", traffic: counted };
}

function closed(connection: Connection, counted: TcpTraffic): ConnectionClosed {
  return { ...connection, kind: "closed", timeUnixNs: 0n, neverAccepted: false, traffic: counted };
}

test("bytes count once, whether they are seen while a connection lives or when it is closed", () => {
  const store = new ConnectionStore(10);
  store.addEvent(opened(client));
  store.addLive([live(client, traffic(100, 10, 1))], new Set([1]));
  const [first] = store.take().peers;
  assert.deepEqual([first?.peerAddress, first?.serverPort, first?.pid], ["10.0.0.2", 5432, 4242]);
  assert.deepEqual([first?.opened, first?.connects, first?.connectLatencyNs], [1, 1, 100]);
  assert.deepEqual([first?.sentBytes, first?.receivedBytes, first?.retransmits], [100, 10, 1]);
  store.addLive([live(client, traffic(150, 10, 1))], new Set([1]));
  assert.equal(store.take().peers[0]?.sentBytes, 50);
  store.addLive([live(client, traffic(150, 10, 1))], new Set([1]));
  store.addEvent(closed(client, traffic(151, 12, 3)));
  const last = store.take();
  const [peer] = last.peers;
  assert.deepEqual([last.closed, peer?.sentBytes, peer?.receivedBytes, peer?.retransmits], [1, 1, 2, 2]);
  assert.deepEqual(store.take().peers, []);
});

test("what went before the start doesn't count", () => {
  const store = new ConnectionStore(10);
  store.begin([live(client, traffic(100, 10))]);
  store.addEvent(closed(client, traffic(101, 10)));
  assert.equal(store.take().peers[0]?.sentBytes, 1);
});

test("many connections to one peer are one row, and a server's port is the one that clients share", () => {
  const store = new ConnectionStore(10);
  store.addEvent(opened(client));
  store.addEvent(opened({ ...client, id: 2, local: { address: "10.0.0.1", port: 40_001 } }));
  const server = { ...client, role: "server", local: client.peer, peer: client.local } as Connection;
  store.addEvent(opened({ ...server, id: 3 }));
  assert.deepEqual(
    store.take().peers.map(({ role, serverPort, opened: count }) => [role, serverPort, count]),
    [
      ["client", 5432, 2],
      ["server", 5432, 1],
    ],
  );
});

test("peers that find no room are added up, and counted", () => {
  const store = new ConnectionStore(1);
  for (const [id, address] of ["10.0.0.2", "10.0.0.3", "10.0.0.4"].entries()) {
    store.addEvent(closed({ ...client, id, peer: { address, port: 80 } }, traffic(10, 1)));
  }
  const { peers, otherPeers, peersFull, closed: count } = store.take();
  assert.deepEqual([peers.length, otherPeers.closed, otherPeers.sentBytes, peersFull, count], [1, 2, 20, 2, 3]);
});

test("a connection whose end was lost is forgotten", () => {
  const store = new ConnectionStore(10);
  store.begin([live(client, traffic(100, 10))]);
  store.addLive([], new Set());
  // Another one by the same number would be new.
  store.addEvent(closed(client, traffic(7, 0)));
  assert.equal(store.take().peers[0]?.sentBytes, 7);
});

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { test } from "node:test";
import fc from "fast-check";
import { type DnsExchange, DnsExchanges, type DnsExchangesOptions, type DnsPacket } from "./dns-exchanges.ts";
import { type EncodedMessage, encodeMessage, pointer, QUERY, RESPONSE, TYPES } from "./testing/dns-encoder.ts";

const SECOND = 1_000_000_000n;

function newExchanges(options: Partial<DnsExchangesOptions<string>> = {}) {
  const found: (DnsExchange & { owner: string })[] = [];
  const onExchange = (exchange: DnsExchange, owner: string) => found.push({ ...exchange, owner });
  return { exchanges: new DnsExchanges<string>({ onExchange, ...options }), found };
}

/** What a client sends or receives at `atNs`; the call took 10 ns. */
function packet(message: EncodedMessage | Uint8Array, atNs: bigint, changes: Partial<DnsPacket<string>> = {}) {
  const bytes = message instanceof Uint8Array ? message : encodeMessage(message);
  const isResponse = ((bytes[2] ?? 0) & 0x80) !== 0;
  return {
    socket: 1,
    owner: "curl",
    transport: "udp",
    direction: isResponse ? "received" : "sent",
    localPort: 40_000,
    peerPort: 53,
    message: bytes,
    startNs: atNs,
    endNs: atNs + 10n,
    ...changes,
  } as const;
}

const asked = [["example.com", TYPES.A]] as const;
const answers = [{ name: pointer(12), type: TYPES.A, data: [192, 0, 2, 1] }];
const query: EncodedMessage = { id: 9, questions: asked };
const answer: EncodedMessage = { id: 9, flags: RESPONSE, questions: asked, answers };

function assertAddsUp({ counts, waitingCount }: DnsExchanges<string>): void {
  const { seen, answered, timedOut, multicast, lost } = counts;
  assert.equal(seen, answered + timedOut + multicast + lost.untraced + lost.waitingLimit + waitingCount);
}

test("a query and its answer", () => {
  const { exchanges, found } = newExchanges();
  exchanges.add(packet(query, 1_000n));
  exchanges.add(packet(answer, 5_000n));
  assert.deepEqual(found, [
    {
      side: "client",
      transport: "udp",
      name: "example.com",
      type: "A",
      outcome: "answered",
      attemptCount: 1,
      rcode: "NOERROR",
      answers: { A: 1 },
      addresses: ["192.0.2.1"],
      isTruncated: false,
      startNs: 1_000n,
      durationNs: 4_010,
      owner: "curl",
    },
  ]);
  assertAddsUp(exchanges);
});

test("a server's side: the query comes, the answer goes", () => {
  const { exchanges, found } = newExchanges();
  exchanges.add(packet(query, 1n, { direction: "received", localPort: 53, peerPort: 40_000 }));
  exchanges.add(packet({ ...answer, flags: 0x8183 }, 2n, { direction: "sent", localPort: 53, peerPort: 40_000 }));
  assert.deepEqual(
    found.map(({ side, rcode }) => [side, rcode]),
    [["server", "NXDOMAIN"]],
  );
});

const strangers: readonly (readonly [
  difference: string,
  answer: EncodedMessage,
  changes: Partial<DnsPacket<string>>,
])[] = [
  ["socket", answer, { socket: 2 }],
  ["id", { ...answer, id: 10 }, {}],
  ["name", { ...answer, questions: [["example.org", TYPES.A]] }, {}],
  ["type", { ...answer, questions: [["example.com", TYPES.AAAA]] }, {}],
  ["direction", answer, { direction: "sent" }],
];
for (const [difference, stranger, changes] of strangers) {
  test(`an answer of another ${difference} is none`, () => {
    const { exchanges, found } = newExchanges();
    exchanges.add(packet(query, 1n));
    exchanges.add(packet(stranger, 2n, changes));
    assert.deepEqual([found.length, exchanges.counts.unpairedAnswers, exchanges.waitingCount], [0, 1, 1]);
  });
}

test("letters of either case are the same, and an answer may repeat no question", () => {
  const { exchanges, found } = newExchanges();
  exchanges.add(packet({ ...query, questions: [["eXaMple.com", TYPES.A]] }, 1n));
  exchanges.add(packet(answer, 2n));
  exchanges.add(packet(query, 3n));
  exchanges.add(packet({ id: 9, flags: RESPONSE | 1 }, 4n));
  assert.deepEqual(
    found.map(({ rcode }) => rcode),
    ["NOERROR", "FORMERR"],
  );
});

test("each question of a message is a query, as are those of two messages with one id", () => {
  const { exchanges, found } = newExchanges();
  const both: [string, number][] = [
    ["example.com", TYPES.A],
    ["example.com", TYPES.AAAA],
  ];
  exchanges.add(packet({ ...query, questions: both }, 1n));
  exchanges.add(packet({ ...query, questions: [["example.org", TYPES.A]] }, 2n));
  exchanges.add(packet({ ...answer, questions: [["example.org", TYPES.A]] }, 3n));
  exchanges.add(packet({ ...answer, flags: 0x8380, questions: both }, 4n));
  assert.deepEqual(
    found.map(({ name, type, isTruncated }) => [name, type, isTruncated]),
    [
      ["example.org", "A", false],
      ["example.com", "A", true],
      ["example.com", "AAAA", true],
    ],
  );
  assert.equal(exchanges.counts.seen, 3);
});

test("a query that is sent again counts once, from its first time", () => {
  const { exchanges, found } = newExchanges();
  exchanges.add(packet(query, 1_000n));
  exchanges.add(packet(query, 2_000n));
  exchanges.add(packet(answer, 2_990n));
  exchanges.add(packet(answer, 3_000n));
  assert.deepEqual(
    found.map(({ attemptCount, durationNs }) => [attemptCount, durationNs]),
    [[2, 2_000]],
  );
  const { seen, repeated, unpairedAnswers } = exchanges.counts;
  assert.deepEqual([seen, repeated, unpairedAnswers], [1, 1, 1]);
});

test("a query times out after 5 s, and its late answer is unpaired", () => {
  const { exchanges, found } = newExchanges();
  exchanges.add(packet(query, SECOND));
  exchanges.add(packet({ ...query, id: 10 }, 2n * SECOND));
  exchanges.tick(6n * SECOND - 1n);
  assert.equal(found.length, 0);
  exchanges.tick(6n * SECOND);
  assert.deepEqual(found, [
    {
      side: "client",
      transport: "udp",
      name: "example.com",
      type: "A",
      outcome: "timedOut",
      attemptCount: 1,
      startNs: SECOND,
      owner: "curl",
    },
  ]);
  exchanges.add(packet(answer, 7n * SECOND));
  exchanges.end();
  const { timedOut, unpairedAnswers, lost } = exchanges.counts;
  assert.deepEqual([timedOut, unpairedAnswers, lost], [1, 1, { waitingLimit: 0, untraced: 1 }]);
  assertAddsUp(exchanges);
});

test("the time to wait can be chosen", () => {
  const { exchanges } = newExchanges({ timeoutNs: 100n });
  exchanges.add(packet(query, 0n));
  exchanges.tick(100n);
  assert.equal(exchanges.counts.timedOut, 1);
});

test("an answer that is seen before its query is its answer, if the query's call began before it", () => {
  const { exchanges, found } = newExchanges();
  exchanges.add(packet(answer, 500n));
  exchanges.add(packet(query, 1_000n));
  assert.equal(found.length, 0, "that is an answer to an older one");
  exchanges.add(packet({ ...answer, id: 10 }, 1_500n));
  exchanges.add(packet({ ...query, id: 10 }, 1_400n));
  assert.deepEqual(
    found.map(({ durationNs }) => durationNs),
    [110],
  );
  assert.equal(exchanges.counts.unpairedAnswers, 1);
});

test("the oldest is given up when too many wait, in all or with one id", () => {
  const { exchanges, found } = newExchanges({ maxWaiting: 100 });
  for (let id = 0; id < 150; id++) exchanges.add(packet({ ...query, id }, BigInt(id)));
  assert.deepEqual([exchanges.waitingCount, exchanges.counts.lost.waitingLimit], [100, 50]);
  exchanges.add(packet({ ...answer, id: 49 }, 200n));
  exchanges.add(packet({ ...answer, id: 50 }, 200n));
  assert.equal(found.length, 1);
  for (let index = 0; index < 70; index++) {
    exchanges.add(packet({ id: 1_000, questions: [[`host${index}`, TYPES.A]] }, 300n, { socket: 7 }));
  }
  exchanges.add(packet({ id: 1_000, flags: RESPONSE }, 301n, { socket: 7 }));
  assert.equal(found.length, 1 + 64);
  for (let id = 0; id < 200; id++) exchanges.add(packet({ ...answer, id }, 400n, { socket: 8 }));
  assert.equal(exchanges.counts.unpairedAnswers, 201);
  assertAddsUp(exchanges);
});

test("multicast questions wait for no answer; a single answer to a single question is paired", () => {
  const { exchanges, found } = newExchanges();
  const responder = { localPort: 5353, peerPort: 5353 };
  const questions: [string, number][] = [
    ["printer.local", TYPES.A],
    ["printer.local", TYPES.AAAA],
  ];
  exchanges.add(packet({ id: 0, questions }, 1n, responder));
  exchanges.add(packet({ id: 0, questions }, 2n, { ...responder, direction: "received" }));
  exchanges.add(packet({ id: 0, flags: 0x8400, answers }, 3n, responder));
  assert.deepEqual(
    found.map(({ type, outcome }) => [type, outcome]),
    [
      ["A", "multicast"],
      ["AAAA", "multicast"],
    ],
  );
  exchanges.add(packet({ id: 0, questions }, 4n, { peerPort: 5353 }));
  exchanges.add(packet({ id: 0, flags: 0x8400, questions, answers }, 5n, { peerPort: 5353 }));
  assert.equal(exchanges.counts.answered, 2);
  assert.deepEqual([exchanges.counts.multicast, exchanges.counts.ignored], [2, 2]);
  assertAddsUp(exchanges);
});

test("updates and what is no DNS are counted apart", () => {
  const { exchanges } = newExchanges();
  exchanges.add(packet({ ...query, flags: QUERY | 0x2800 }, 1n));
  exchanges.add(packet(Buffer.from("GET / HTTP/1.1\r\n"), 2n));
  assert.deepEqual([exchanges.counts.ignored, exchanges.counts.malformed, exchanges.counts.seen], [1, 1, 0]);
});

test("the counts add up whatever comes", () => {
  const one = fc.record({
    id: fc.nat(3),
    flags: fc.constantFrom(QUERY, RESPONSE, RESPONSE | 3, QUERY | 0x2800),
    questions: fc.array(fc.tuple(fc.constantFrom("a", "b"), fc.constantFrom(1, 28)), { maxLength: 3 }),
  });
  const socket = fc.record({ socket: fc.nat(2), direction: fc.constantFrom("sent" as const, "received" as const) });
  const bytes = fc.oneof(one.map(encodeMessage), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(bytes, socket, fc.nat(3))), (packets) => {
      const { exchanges, found } = newExchanges({ timeoutNs: 10n, maxWaiting: 5 });
      let nowNs = 0n;
      for (const [message, where, waitNs] of packets) {
        nowNs += BigInt(waitNs);
        exchanges.tick(nowNs);
        exchanges.add(packet(message, nowNs, where));
        assertAddsUp(exchanges);
        assert.ok(exchanges.waitingCount <= 5);
      }
      exchanges.end();
      assertAddsUp(exchanges);
      const { answered, timedOut, multicast } = exchanges.counts;
      assert.equal(found.length, answered + timedOut + multicast);
    }),
  );
});

test("what c-ares asks is found", async () => {
  const { exchanges, found } = newExchanges();
  const server = createSocket("udp4");
  let nowNs = 0n;
  server.on("message", (message, { port, address }) => {
    const reply = Buffer.from(message);
    reply.writeUInt16BE(RESPONSE | 3, 2);
    const ports = { localPort: server.address().port, peerPort: port };
    exchanges.add(packet(message, nowNs++, { ...ports, direction: "received" }));
    exchanges.add(packet(reply, nowNs++, { ...ports, direction: "sent" }));
    server.send(reply, port, address);
  });
  try {
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    const resolver = new Resolver({ timeout: 10_000, tries: 1 });
    resolver.setServers([`127.0.0.1:${server.address().port}`]);
    const wanted = ["A", "AAAA", "MX", "TXT", "SRV", "CAA"] as const;
    for (const type of wanted) await resolver.resolve(`${type}.Example.com`, type).catch(() => undefined);
    assert.deepEqual(
      found.map(({ side, name, type, rcode }) => [side, name, type, rcode]),
      wanted.map((type) => ["server", `${type.toLowerCase()}.example.com`, type, "NXDOMAIN"]),
    );
  } finally {
    server.close();
  }
});

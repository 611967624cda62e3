import assert from "node:assert/strict";
import { test } from "node:test";
import { runSkep } from "../cli/testing/skep-process.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

/** A server and a client in one process: 20 GETs of which 5 are not found, 3 POSTs of 1000 bytes; then it ends. */
const WORKLOAD = [
  process.execPath,
  "-e",
  `const { Agent, createServer, request } = require("node:http");
  const server = createServer((incoming, response) => {
    incoming.resume().on("end", () => {
      response.statusCode = incoming.url.startsWith("/missing") ? 404 : incoming.method === "POST" ? 201 : 200;
      response.end("x".repeat(100));
    });
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (method, path, body, headers = {}) => new Promise((resolve, reject) => {
    const options = { agent, host: "127.0.0.1", port: server.address().port, method, path, headers };
    request(options, (response) => response.resume().on("end", resolve)).on("error", reject).end(body);
  });
  server.listen(0, "127.0.0.1", async () => {
    for (let i = 0; i < 15; i++) await ask("GET", "/users/" + (1000 + i) + "?token=secret");
    for (let i = 0; i < 5; i++) await ask("GET", "/missing");
    for (let i = 0; i < 3; i++) {
      await ask("POST", "/orders", Buffer.alloc(1000), {
        "content-length": 1000,
        traceparent: "00-${TRACE_ID}-b7ad6b7169203331-01",
      });
    }
    agent.destroy();
    server.close();
  });`,
];

interface RequestJson {
  readonly kind: "http";
  readonly side: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly local: string;
  readonly peer: string;
  readonly [member: string]: unknown;
}

async function follow(...options: readonly string[]): Promise<{ requests: RequestJson[]; summary: SummaryJson }> {
  const { code, stdout, stderr } = await runSkep(["http", "--json", ...options, "--", ...WORKLOAD]);
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split("\n");
  const summary = JSON.parse(lines.pop() ?? "");
  return { requests: lines.map((line): RequestJson => JSON.parse(line)), summary };
}

interface SummaryJson {
  readonly kind: string;
  readonly seen: Readonly<Record<string, number>>;
  readonly delivered: Readonly<Record<string, number>>;
  readonly lost: Readonly<Record<string, number>>;
  readonly requests: readonly { readonly route: string; readonly requests: number }[];
}

test("the JSON has a line for each request on each side, and one that sums up", async () => {
  const { requests, summary } = await follow();
  for (const side of ["client", "server"]) {
    const ofSide = requests.filter((request) => request.side === side);
    assert.deepEqual(
      ofSide.map(({ method, path, status, requestBytes, responseBytes }) =>
        [method, path, status, requestBytes, responseBytes].join(" "),
      ),
      [
        ...Array.from({ length: 15 }, (_, index) => `GET /users/${1000 + index} 200 0 100`),
        ...Array.from({ length: 5 }, () => "GET /missing 404 0 100"),
        ...Array.from({ length: 3 }, () => "POST /orders 201 1000 100"),
      ],
    );
    for (const { kind, protocol, tls, outcome, durationNs, startUnixNs, traceId, method } of ofSide) {
      assert.deepEqual([kind, protocol, tls, outcome], ["http", "http/1.1", false, "complete"]);
      assert.ok(
        Number(durationNs) > 0 && Math.abs(Number(BigInt(String(startUnixNs)) / 1_000_000n) - Date.now()) < 600_000,
      );
      assert.equal(traceId, method === "POST" ? TRACE_ID : undefined);
    }
  }
  const [client, server] = ["client", "server"].map((side) => requests.find((request) => request.side === side));
  assert.ok(client && server);
  assert.deepEqual([server.local, server.peer], [client.peer, client.local]);
  assert.ok(!JSON.stringify(requests).includes("secret"));

  assert.equal(summary.kind, "summary");
  assert.deepEqual([summary.seen, summary.delivered], [{ http: 46 }, { http: 46 }]);
  assert.equal(
    Object.values(summary.lost).reduce((sum, count) => sum + count, 0),
    0,
  );
  const users = summary.requests.filter(({ route }) => route === "/users/{id}");
  assert.deepEqual(
    users.map((row) => row.requests),
    [15, 15],
  );
});

test("queries are there when they are asked for", async () => {
  const { requests } = await follow("--keep-query", "--no-tls");
  assert.equal(requests.filter(({ query }) => query === "token=secret").length, 30);
});

test("where there is no terminal requests and the table are plain", async () => {
  const { code, stdout, stderr } = await runSkep(["http", "--follow", "--", ...WORKLOAD]);
  assert.equal(code, 0, stderr);
  const lines = stdout.split("\n");
  assert.equal(lines[0], "TIME            TOOK  STATUS     SIZE  SIDE        REQUEST AND PROCESS");
  assert.equal(lines.filter((line) => / {2}GET \/missing {2}\S/.test(line)).length, 10);
  assert.match(stdout, /\n\nHTTP of .*\n?46 requests, 5 errors, 0 lost\n/);
  assert.match(stdout, /, server: 23 requests, 0 errors\n +15 .* 2xx {6}GET \/users\/\{id\}\n/);
  assert.match(stdout, /, client: 23 requests, 5 errors\n/);
  assert.ok(!stdout.includes("\x1b"));
});

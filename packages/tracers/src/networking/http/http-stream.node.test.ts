import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { after, before, test } from "node:test";
import type { HttpSide } from "./http-request.ts";
import { brief, trace } from "./testing/conversation.ts";
import { RecordingProxy } from "./testing/recording-proxy.ts";

const BODY_BYTES = [0, 1, 100, 5000, 70_000, 300_000];
const STATUSES = [200, 201, 204, 206, 301, 304, 400, 404, 418, 500, 503];
const METHODS = ["GET", "POST", "PUT", "HEAD", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "TRACE"];

/** What the server did, in the form of {@link brief}. */
let log: string[] = [];
let server: Server;

before(async () => {
  server = createServer((message, response) => void answer(message, response));
  server.on("checkContinue", (message, response) => {
    if (message.url === "/refused") {
      response.writeHead(417, { Connection: "close" }).end();
      log.push(`PUT /refused -> 417 (0/0) complete`);
    } else {
      response.writeContinue();
      void answer(message, response);
    }
  });
  server.on("upgrade", (message, socket) => {
    log.push(`GET ${message.url} -> 101 (0/0) upgraded`);
    socket.end(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nGET /no HTTP/1.1\r\n\r\n",
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

after(() => server.close());

/** Answers as the headers of the request ask it to. */
async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
  let requestBytes = 0;
  for await (const chunk of message) requestBytes += chunk.length;
  const status = Number(message.headers["x-status"] ?? 200);
  const bodyBytes = Number(message.headers["x-body"] ?? 0);
  const bodiless = message.method === "HEAD" || status === 204 || status === 304;
  if (message.headers["x-chunked"] === undefined) response.setHeader("Content-Length", bodyBytes);
  if (message.headers["x-early"] !== undefined) response.writeEarlyHints({ link: "</a.css>; rel=preload" });
  response.writeHead(status);
  const path = message.url?.replace(/\?.*/, "");
  log.push(`${message.method} ${path} -> ${status} (${requestBytes}/${bodiless ? 0 : bodyBytes}) complete`);
  for (let sent = 0; sent < bodyBytes; sent += 50_000)
    response.write(Buffer.alloc(Math.min(50_000, bodyBytes - sent), "HTTP/1.1 200 OK\r\n"));
  response.end();
}

interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string | number>;
  readonly body?: Buffer;
}

async function call(port: number, agent: Agent, { method = "GET", path, headers = {}, body }: Call): Promise<void> {
  const sent = request({ host: "127.0.0.1", port, agent, method, path, headers });
  if (headers["Expect"] === undefined) sent.end(body);
  else {
    sent.on("continue", () => sent.end(body));
    sent.flushHeaders();
  }
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  for await (const _chunk of response) {
    // Read to its end.
  }
}

/** What is traced of what the proxy saw, on both sides, is what the server logged. */
function assertSame(proxy: RecordingProxy): void {
  for (const side of ["server", "client"] as const satisfies HttpSide[]) {
    const traces = proxy.segments(side).map((segments) => trace(segments));
    assert.deepEqual(traces.flatMap(({ requests }) => requests.map(brief)).sort(), [...log].sort());
    for (const { counts, stream } of traces) {
      assert.deepEqual([counts.seen, counts.underWay, counts.trouble.framingLost], [counts.delivered, 0, 0]);
      assert.ok(stream.side === side || stream.side === undefined);
    }
  }
}

async function recording(run: (proxy: RecordingProxy) => Promise<void>): Promise<void> {
  log = [];
  await using proxy = await RecordingProxy.start((server.address() as AddressInfo).port);
  await run(proxy);
  assert.ok(log.length > 0);
  assertSame(proxy);
}

test("300 requests over 4 connections kept alive are those that the server answered", async () => {
  await recording(async (proxy) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const calls = Array.from({ length: 300 }, (_, index) => {
      const pick = <T>(values: readonly T[], step: number): T | undefined =>
        values[Math.floor(index / step) % values.length];
      const method = pick(METHODS, 1) ?? "GET";
      const body = /GET|HEAD|TRACE/.test(method)
        ? Buffer.alloc(0)
        : Buffer.alloc(pick(BODY_BYTES, 2) ?? 0, "GET / HTTP/1.1\r\n\r\n");
      return call(proxy.port, agent, {
        method,
        path: `/items/${index}?query=${index}`,
        headers: {
          "X-Status": pick(STATUSES, 3) ?? 200,
          "X-Body": pick(BODY_BYTES, 5) ?? 0,
          ...(index % 3 === 0 ? { "X-Chunked": 1 } : {}),
          ...(index % 7 === 0 ? { "X-Early": 1 } : {}),
          ...(index % 2 === 0 && body.length > 0
            ? { "Transfer-Encoding": "chunked" }
            : { "Content-Length": body.length }),
        },
        body,
      });
    });
    await Promise.all(calls);
    agent.destroy();
  });
});

test("what waits for 100 is read, whether it comes or not", async () => {
  await recording(async (proxy) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const path of ["/a", "/refused", "/b"]) {
      await call(proxy.port, agent, {
        method: "PUT",
        path,
        headers: { Expect: "100-continue", "Content-Length": 3 },
        body: Buffer.from("abc"),
      });
    }
    agent.destroy();
  });
});

test("requests that are sent ahead are answered in their order", async () => {
  await recording(async (proxy) => {
    const socket = connect(proxy.port, "127.0.0.1");
    let text = "";
    for (let index = 0; index < 32; index++) {
      const body = "x".repeat(index * 10);
      text += `POST /${index} HTTP/1.1\r\nHost: a\r\nX-Status: ${400 + index}\r\nX-Body: ${index}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    }
    socket.write(`${text}GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    socket.resume();
    await once(socket, "close");
  });
});

test("an upgrade is told, and what follows it is not read", async () => {
  await recording(async (proxy) => {
    const socket = connect(proxy.port, "127.0.0.1");
    socket.write("GET /socket HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n");
    socket.resume();
    await once(socket, "close");
  });
});

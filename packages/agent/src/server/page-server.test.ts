import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import * as pprof from "pprof-format";
import { CliError } from "../cli/cli-error.ts";
import type { NetworkAnswer } from "../history/answers.ts";
import { History } from "../history/history.ts";
import { FIRST_ROUND_MS, file, files, ROUND_MS, round, shell } from "../history/testing/rounds.ts";
import { PageServer, type PageServerOptions } from "./page-server.ts";
import { type Reply, request } from "./testing/request.ts";

const TOKEN = "s3cret";

interface Served extends AsyncDisposable {
  readonly history: History;
  readonly server: PageServer;
  readonly get: (path: string, headers?: OutgoingHttpHeaders) => Promise<Reply>;
  readonly json: <Value = Record<string, unknown>>(path: string) => Promise<Value>;
}

async function serve(options: Partial<PageServerOptions> = {}, rounds = 3): Promise<Served> {
  const history = new History();
  for (let index = 0; index < rounds; index++) history.read(round(index));
  const takeRound = async () => undefined;
  const server = await PageServer.start({
    history,
    version: "1.2.3",
    hostName: "box",
    takeRound,
    port: 0,
    token: TOKEN,
    ...options,
  });
  const withToken = { authorization: `Bearer ${TOKEN}` };
  return {
    history,
    server,
    get: (path, headers = {}) => request(server.origin, path, { headers: { ...withToken, ...headers } }),
    json: async (path) => {
      const { status, body } = await request(server.origin, path, { headers: withToken });
      assert.equal(status, 200, body.toString());
      return JSON.parse(body.toString());
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

test("nothing is told without the token", async () => {
  await using served = await serve({ metrics: () => "x 1\n" });
  const paths = [
    "/",
    "/live.js",
    "/api/status",
    "/api/events",
    "/metrics",
    "/debug/pprof/profile?seconds=0",
    "/nothing",
  ];
  for (const path of [...paths, "/?token=wrong", "/api/status?token=s3cret"]) {
    const { status, body } = await request(served.server.origin, path);
    assert.equal(status, 401, path);
    assert.match(body.toString(), /open the address that skep printed/);
  }
});

test("the printed address gives the browser a cookie, which then opens everything", async () => {
  await using served = await serve();
  const { origin, url } = served.server;
  assert.equal(url, `${origin}/?token=${TOKEN}`);
  const first = await request(origin, url.slice(origin.length));
  // Without a built page the answer says so, but only to those who may know.
  assert.ok(first.status === 200 || first.status === 503, first.body.toString());
  if (first.status === 200) {
    const [cookie = ""] = first.headers["set-cookie"] ?? [];
    assert.equal(cookie, `skep-${new URL(origin).port}=${TOKEN}; Path=/; HttpOnly; SameSite=Strict`);
    const next = await request(origin, "/api/status", { headers: { cookie: cookie.split(";")[0] } });
    assert.equal(next.status, 200);
  }
});

test("a token is made for each start", async () => {
  const urls = new Set<string>();
  for (const _ of [1, 2]) {
    await using served = await serve({ token: undefined as unknown as string });
    urls.add(new URL(served.server.url).searchParams.get("token") ?? "");
  }
  assert.equal(urls.size, 2);
  for (const token of urls) assert.match(token, /^[\w-]{22}$/);
});

test("other sites get no answer, even with the cookie", async () => {
  await using served = await serve();
  const cookie = `skep-${new URL(served.server.origin).port}=${TOKEN}`;
  const cases: readonly (readonly [OutgoingHttpHeaders, number])[] = [
    [{ cookie }, 200],
    [{ cookie, host: "localhost:1" }, 200],
    [{ cookie, host: "rebound.example" }, 403],
    [{ cookie, origin: "http://evil.example" }, 403],
    [{ cookie, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }, 403],
  ];
  for (const [headers, expected] of cases) {
    const { status, headers: answered } = await request(served.server.origin, "/api/status", { headers });
    assert.equal(status, expected, JSON.stringify(headers));
    assert.equal(answered["access-control-allow-origin"], undefined);
  }
});

test("every answer forbids what the page does not need", async () => {
  await using served = await serve();
  for (const path of ["/api/status", "/nothing", "/"]) {
    const { headers } = await served.get(path);
    assert.match(
      headers["content-security-policy"] as string,
      /^default-src 'none'; script-src 'self'; style-src 'self'/,
    );
    assert.doesNotMatch(headers["content-security-policy"] as string, /unsafe/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["cache-control"], "no-store");
  }
});

test("paths name what there is, and nothing beside it", async () => {
  await using served = await serve();
  const paths = [
    "/../../../../etc/passwd",
    "/..%2f..%2f..%2fetc/passwd",
    "/live.js/../../index.html",
    "//etc/passwd",
    "/api/../live.js",
    "/api/__proto__",
    "/constructor",
    "/index.html",
    "/%00",
    "http://evil.example/",
  ];
  for (const path of paths) assert.equal((await served.get(path)).status, 404, path);
});

test("only GET is answered", async () => {
  await using served = await serve();
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"]) {
    const reply = await request(served.server.origin, "/api/status", {
      method,
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    assert.equal(reply.status, 405, method);
    assert.equal(reply.headers.allow, "GET");
  }
});

test("long addresses and headers are refused", async () => {
  await using served = await serve();
  assert.equal((await served.get(`/api/status?${"x".repeat(3000)}`)).status, 414);
  assert.equal((await served.get(`/${"x".repeat(20_000)}`)).status, 431);
  assert.equal((await served.get("/api/status", { "x-large": "x".repeat(20_000) })).status, 431);
});

test("what is asked for wrongly is said", async () => {
  await using served = await serve();
  const cases: readonly (readonly [string, string])[] = [
    ["/api/series?from=x", "from must be a number from 0 to 9007199254740991"],
    ["/api/profile?pid=1", 'unknown parameter "pid"; there are: mode, from, to, process, baselineFrom, baselineTo'],
    ["/api/profile?mode=gpu", "mode must be one of on-cpu, off-cpu"],
    ["/debug/pprof/profile?seconds=1000", "seconds must be a number from 0 to 900"],
  ];
  for (const [path, message] of cases) {
    const { status, body } = await served.get(path);
    assert.deepEqual([status, body.toString()], [400, `${message}\n`]);
  }
});

test("large answers are compressed for those who can read that", async () => {
  await using served = await serve();
  const plain = await served.get("/api/health");
  const compressed = await served.get("/api/health", { "accept-encoding": "gzip, br" });
  assert.equal(plain.headers["content-encoding"], undefined);
  assert.equal(compressed.headers["content-encoding"], "gzip");
  assert.ok(compressed.body.length < plain.body.length / 2);
  assert.deepEqual(JSON.parse(gunzipSync(compressed.body).toString()), JSON.parse(plain.body.toString()));
});

test("the API answers what the rounds held", async () => {
  await using served = await serve();
  const range = `from=${FIRST_ROUND_MS}&to=${FIRST_ROUND_MS + 3 * ROUND_MS}`;

  const status = await served.json("/api/status");
  assert.equal(status["hostName"], "box");
  assert.equal(status["version"], "1.2.3");
  assert.equal(status["cpuCount"], 2);

  const series = await served.json<{ startMs: number[]; values: Record<string, unknown[]> }>("/api/series");
  assert.equal(series.startMs.length, 3);
  assert.deepEqual(series.values["syscalls"], [130, 130, 130]);
  assert.deepEqual(series.values["bpfRunTimeNs"], [null, null, null]);

  const profile = await served.json<{ graph: { sampleCount: number }; measuredNs: number }>(`/api/profile?${range}`);
  assert.equal(profile.graph.sampleCount, 21);
  assert.equal(profile.measuredNs, 30e9);

  const compared = await served.json<{ graph: { baseline: { sampleCount: number } } }>(
    `/api/profile?${range}&baselineFrom=${FIRST_ROUND_MS}&baselineTo=${FIRST_ROUND_MS + ROUND_MS}`,
  );
  assert.equal(compared.graph.baseline.sampleCount, 7);

  const calls = await served.json<{ calls: { name: string }[]; heatMap: { columns: unknown[] } }>(
    `/api/syscalls?${range}&call=futex`,
  );
  assert.deepEqual(
    calls.calls.map(({ name }) => name),
    ["read", "openat", "futex"],
  );
  assert.equal(calls.heatMap.columns.length, 3);

  const filesAnswer = await served.json<{ files: { file: { path: string } }[] }>(`/api/files?${range}&process=7`);
  assert.deepEqual(
    filesAnswer.files.map((row) => row.file.path),
    ["/etc/passwd"],
  );

  const processes = await served.json<{ running: { pid: number }[]; log: unknown[]; logSize: number }>(
    `/api/processes?${range}`,
  );
  assert.ok(processes.running.some(({ pid }) => pid === process.pid));
  assert.deepEqual([processes.log.length, processes.logSize], [9, 9]);

  const health = await served.json<{ self: { residentBytes: number }; changes: unknown[] }>(`/api/health?${range}`);
  assert.equal(health.self.residentBytes, 45_000_000);
  assert.equal(health.changes.length, 6);

  const network = await served.json<NetworkAnswer>(`/api/network?${range}`);
  assert.deepEqual(
    network.requests.map(({ service, requests }) => [service, requests]),
    [
      ["api", 60],
      ["sh", 21],
      ["api", 9],
    ],
  );
  assert.equal(network.measuredNs, 3 * ROUND_MS * 1e6);
});

test("what was lost is in the answer that it concerns", async () => {
  await using served = await serve({}, 0);
  const first = round(0);
  assert.ok(first.cpu && first.files);
  served.history.read({
    ...first,
    cpu: { ...first.cpu, lost: { ...first.cpu.lost, stacksFull: 12 } },
    files: { ...files([file(shell, "/x")]), incomplete: { ...first.files.incomplete, pathUnknown: 3 } },
  });
  const profile = await served.json("/api/profile");
  assert.deepEqual(profile["lost"], { stacksFull: 12 });
  const fileAnswer = await served.json("/api/files");
  assert.deepEqual([fileAnswer["lost"], fileAnswer["incomplete"]], [{}, { pathUnknown: 3 }]);
  const health = await served.json("/api/health");
  assert.deepEqual(health["lost"], { cpu: { stacksFull: 12 } });
  const series = await served.json<{ values: { lost: number[] } }>("/api/series");
  assert.deepEqual(series.values.lost, [12]);
});

test("before the first round every answer is there, and empty", async () => {
  await using served = await serve({}, 0);
  for (const path of ["status", "series", "profile", "syscalls", "processes", "files", "network", "health"]) {
    await served.json(`/api/${path}`);
  }
  assert.equal((await served.json("/api/profile"))["graph"], undefined);
  const { status, body } = await served.get("/debug/pprof/profile?seconds=0");
  assert.deepEqual([status, body.toString()], [404, "no profile covers that time\n"]);
});

test("metrics are there for those who may see them", async () => {
  {
    await using served = await serve();
    assert.equal((await served.get("/metrics")).status, 404);
  }
  await using served = await serve({ metrics: () => "skep_up 1\n", openEndpoints: true });
  const { status, body, headers } = await request(served.server.origin, "/metrics");
  assert.deepEqual([status, body.toString()], [200, "skep_up 1\n"]);
  assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  assert.equal((await request(served.server.origin, "/debug/pprof/profile?seconds=0")).status, 200);
  assert.equal((await request(served.server.origin, "/api/status")).status, 401);
  assert.equal((await request(served.server.origin, "/metrics", { headers: { host: "evil.example" } })).status, 403);
});

async function profileAt(served: Served, path: string): Promise<pprof.Profile> {
  const { status, body } = await served.get(path);
  assert.equal(status, 200, body.toString());
  return pprof.Profile.decode(gunzipSync(body));
}

function countOf(profile: pprof.Profile): number {
  return profile.sample.reduce((sum, { value }) => sum + Number(value[0]), 0);
}

test("pprof of the past", async () => {
  await using served = await serve();
  assert.equal(countOf(await profileAt(served, "/debug/pprof/profile?seconds=0")), 21);
  const oneRound = `from=${FIRST_ROUND_MS}&to=${FIRST_ROUND_MS + ROUND_MS}`;
  const one = await profileAt(served, `/debug/pprof/profile?${oneRound}`);
  assert.equal(countOf(one), 7);
  assert.equal(Number(one.durationNanos), 10e9);
  assert.equal(countOf(await profileAt(served, `/debug/pprof/profile?${oneRound}&mode=off-cpu`)), 3);
});

test("pprof of the next seconds has what was seen in them and nothing else", async () => {
  const history = new History();
  let taken = 0;
  const takeRound = async () => history.read(round(taken++));
  await using served = await serve({ history, takeRound });
  history.read(round(taken++));
  const profile = await profileAt(served, "/debug/pprof/profile?seconds=0.01");
  assert.equal(taken, 3);
  assert.equal(countOf(profile), 7);
  assert.equal(BigInt(profile.timeNanos), BigInt(FIRST_ROUND_MS + 2 * ROUND_MS) * 1_000_000n);
});

test("no more than a few may wait for a profile, and who leaves makes room", async () => {
  await using served = await serve();
  const waiting = Array.from({ length: 4 }, () => {
    const pending = get(`${served.server.origin}/debug/pprof/profile?seconds=600`, {
      headers: { authorization: `Bearer ${TOKEN}` },
      agent: false,
    });
    pending.on("error", () => undefined);
    return pending;
  });
  await Promise.all(waiting.map((pending) => once(pending, "socket")));
  const until = async (status: number) => {
    for (;;) {
      const seconds = status === 429 ? 600 : 0.001;
      const controller = new AbortController();
      const reply = await Promise.race([
        request(served.server.origin, `/debug/pprof/profile?seconds=${seconds}`, {
          headers: { authorization: `Bearer ${TOKEN}` },
          signal: controller.signal,
        }).catch(() => undefined),
        new Promise<undefined>((resolve) => setTimeout(resolve, 50, undefined)),
      ]);
      controller.abort();
      if (reply?.status === status) return;
    }
  };
  await until(429);
  for (const pending of waiting) pending.destroy();
  // One second was asked of a history that has no such rounds: it is allowed to wait, and finds nothing.
  await until(404);
});

async function listen(served: Served): Promise<IncomingMessage> {
  const pending = get(`${served.server.origin}/api/events`, {
    headers: { authorization: `Bearer ${TOKEN}` },
    agent: false,
  });
  pending.on("error", () => undefined);
  const [response] = (await once(pending, "response")) as [IncomingMessage];
  response.on("error", () => undefined);
  return response;
}

test("every round is told to those who listen", async () => {
  await using served = await serve();
  const response = await listen(served);
  assert.equal(response.headers["content-type"], "text/event-stream");
  let text = "";
  response.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(response, "data");
  served.history.read(round(3));
  while (!text.includes("data: ")) await once(response, "data");
  const message = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "");
  assert.equal(message.point.endMs, FIRST_ROUND_MS + 4 * ROUND_MS);
  assert.equal(message.point.values.syscalls, 130);
  assert.equal(message.tracers.length, 6);
  response.destroy();
});

test("who listens but does not read is let go", async () => {
  await using served = await serve();
  const response = await listen(served);
  response.pause();
  // Not `once`, which takes the error that comes first for a failure.
  const closed = new Promise((resolve) => response.once("close", resolve));
  let rounds = 3;
  // More than the sockets' own buffers, some megabytes, and ours.
  const interval = setInterval(() => {
    for (let index = 0; index < 200; index++) served.history.read(round(rounds++, { cpu: undefined as never }));
  }, 1);
  await closed;
  clearInterval(interval);
});

test("more readers than there may be are told so", async () => {
  await using served = await serve();
  const readers = [];
  for (let index = 0; index < 16; index++) readers.push(await listen(served));
  assert.equal((await listen(served)).statusCode, 503);
  for (const reader of readers) reader.destroy();
});

test("a client that sends its request byte by byte, or never, holds up nobody", async () => {
  await using served = await serve();
  const { hostname, port } = new URL(served.server.origin);
  const slow = Array.from({ length: 20 }, () => connect(Number(port), hostname));
  for (const socket of slow) socket.on("error", () => undefined);
  await Promise.all(slow.map((socket) => once(socket, "connect")));
  for (const socket of slow) socket.write("GET /api/status HT");
  assert.equal((await served.get("/api/status")).status, 200);
  for (const socket of slow) socket.destroy();
});

test("it ends at once, whoever is connected", async () => {
  const served = await serve();
  const response = await listen(served);
  const closed = new Promise((resolve) => response.once("close", resolve));
  response.resume();
  const { origin } = served.server;
  await served.server[Symbol.asyncDispose]();
  await closed;
  await assert.rejects(request(origin, "/api/status"), { code: "ECONNREFUSED" });
});

test("a port that is taken, or not ours to take, is said", async () => {
  await using first = await serve();
  const port = Number(new URL(first.server.origin).port);
  await assert.rejects(serve({ port }), (error: unknown) => {
    assert.ok(error instanceof CliError);
    assert.equal(error.message, `the page cannot have port ${port} of 127.0.0.1: another program listens there`);
    assert.equal(error.hints[0], `find it with: ss -ltnp 'sport = :${port}'`);
    return true;
  });
  await assert.rejects(serve({ address: "192.0.2.1", port: 7537 }), {
    message: "the page cannot have port 7537 of 192.0.2.1: this machine has no such address",
  });
});

import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { enableStats } from "@skep/ebpf";
import { RequestTracer } from "@skep/tracers/networking";
import { fromRoot } from "../scripts/repository.ts";
import { startChild } from "./harness/children.ts";
import { pairedRow } from "./harness/compare.ts";
import { Contestant } from "./harness/contestant.ts";
import { cpuTimeNs } from "./harness/processes.ts";
import type { Report } from "./harness/report.ts";
import { median } from "./harness/statistics.ts";
import { megabytes, microseconds, milliseconds, nanoseconds, percent, spread } from "./harness/units.ts";

const REQUESTS_PER_SECOND = 10_000;
const CONNECTIONS = 32;
const PART_SECONDS = 3;
const PAIRS = 10;
const REQUESTS = REQUESTS_PER_SECOND * PART_SECONDS;
const NGINX = "/usr/sbin/nginx";

/** One part of the run. */
interface Part {
  readonly medianNs: number;
  readonly p99Ns: number;
  readonly requestsPerSecond: number;
  /** Of one CPU, by the server. */
  readonly serverCpu: number;
}

interface TracedPart extends Part {
  /** By the tracer's process, for a request. */
  readonly userNs: number;
  readonly mapBytes: number;
  /** Requests of both sides. */
  readonly told: number;
  readonly lost: number;
}

/** What is added to one call that has nothing to do with sockets. */
interface Calls {
  readonly getppidNs: number;
  readonly readNs: number;
}

export async function benchNetwork(): Promise<Report> {
  if (!existsSync(NGINX)) throw new Error("there is no nginx: apt-get install nginx-light");
  const folder = mkdtempSync(join(tmpdir(), "skep-bench-"));
  try {
    const flood = compile(folder, "packages/tracers/src/networking/testing/http-flood.c");
    await using loop = new Contestant(compile(folder, "bench/contestants/call-loop.c"), []);
    await using server = await Server.start(folder);
    const pairs: { off: Part; on: TracedPart }[] = [];
    const calls: Calls[] = [];
    // The first one warms up.
    for (let pair = 0; pair <= PAIRS; pair++) {
      const bare = await loop.ask();
      const off = await measure(flood, server);
      const tracer = await RequestTracer.start();
      const traced = await loop.ask();
      const on = await measureTraced(flood, server, tracer);
      await tracer[Symbol.asyncDispose]();
      if (pair === 0) continue;
      pairs.push({ off, on });
      calls.push({ getppidNs: difference(traced, bare, "getppidNs"), readNs: difference(traced, bare, "readNs") });
    }
    return reportOf(pairs, calls, await kernelNsPerRequest(flood, server));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compile(folder: string, source: string): string {
  const program = join(folder, source.replace(/.*\/|\.c$/g, ""));
  execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-o", program, fromRoot(source)]);
  return program;
}

function difference(traced: Readonly<Record<string, number>>, bare: typeof traced, key: keyof Calls): number {
  return (traced[key] ?? Number.NaN) - (bare[key] ?? Number.NaN);
}

/** One worker of nginx. */
class Server implements AsyncDisposable {
  readonly port: number;
  readonly #nginx: ReturnType<typeof startChild>;
  readonly #ended: Promise<unknown>;

  private constructor(port: number, nginx: ReturnType<typeof startChild>) {
    this.port = port;
    this.#nginx = nginx;
    this.#ended = new Promise((resolve) => nginx.once("close", resolve));
  }

  static async start(folder: string): Promise<Server> {
    const port = await freePort();
    const configuration = join(folder, "nginx.conf");
    writeFileSync(
      configuration,
      `daemon off; master_process off; error_log stderr; pid ${folder}/nginx.pid;
events { worker_connections 256; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; client_body_temp_path ${folder}/body;
  server { listen 127.0.0.1:${port}; location / { return 200 "done"; } }
}
`,
    );
    const server = new Server(port, startChild(NGINX, ["-c", configuration, "-p", folder], folder));
    while (!(await listens(port))) {
      if (server.#nginx.exitCode !== null) throw new Error(`nginx ended with ${server.#nginx.exitCode}`);
      await setTimeout(50);
    }
    return server;
  }

  /** User and system, so far. What the kernel half does in its calls is part of it. */
  get cpuNs(): number {
    return cpuTimeNs(this.#nginx.pid ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#nginx.kill();
    await this.#ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function measure(flood: string, server: Server): Promise<Part> {
  const args = ["ask", `${server.port}`, `${REQUESTS}`, `${CONNECTIONS}`, `${REQUESTS_PER_SECOND}`];
  const running = promisify(execFile)(flood, args);
  const cpuNs = server.cpuNs;
  running.child.stdin?.end("\n");
  const { stdout } = await running;
  const usedNs = server.cpuNs - cpuNs;
  const { durationNs, medianNs, p99Ns } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  return { medianNs, p99Ns, requestsPerSecond: REQUESTS / (durationNs / 1e9), serverCpu: usedNs / durationNs };
}

async function measureTraced(flood: string, server: Server, tracer: RequestTracer): Promise<TracedPart> {
  const before = process.cpuUsage();
  const part = await measure(flood, server);
  const { user, system } = process.cpuUsage(before);
  tracer.stop();
  const report = await tracer.snapshot();
  const { serverRingFull, clientRingFull } = report.lost;
  return {
    ...part,
    userNs: ((user + system) * 1000) / REQUESTS,
    mapBytes: tracer.overhead().mapBytes,
    told: tracer.delivered.http,
    lost: serverRingFull + clientRingFull,
  };
}

/** The kernel takes the time of each run only while it is asked to, and that itself takes time: so not in the pairs. */
async function kernelNsPerRequest(flood: string, server: Server): Promise<number[]> {
  const all: number[] = [];
  for (let round = 0; round < 3; round++) {
    await using tracer = await RequestTracer.start();
    using _stats = enableStats();
    const { runTimeNs } = tracer.overhead();
    await measure(flood, server);
    all.push((tracer.overhead().runTimeNs - runTimeNs) / REQUESTS);
  }
  return all;
}

function reportOf(
  pairs: readonly { readonly off: Part; readonly on: TracedPart }[],
  calls: readonly Calls[],
  kernelNs: readonly number[],
): Report {
  const row = (name: string, numberOf: (part: Part) => number, format: (value: number) => string) =>
    pairedRow(name, pairs, numberOf, format);
  const traced = pairs.map(({ on }) => on);
  const sum = (numberOf: (part: TracedPart) => number): number =>
    traced.reduce((total, part) => total + numberOf(part), 0);
  const version = /nginx\/[\d.]+/.exec(readVersion())?.[0] ?? "nginx";
  return {
    about: `What it costs to tell of each request. A program asks ${version}, of which one worker answers with 4 bytes, ${REQUESTS_PER_SECOND.toLocaleString("en-US")} times a second over ${CONNECTIONS} kept connections, for ${PART_SECONDS} s; a request's latency counts from when it was due. Alone and with the request tracer of the whole machine take turns, ${PAIRS} times, both sides of each request being told. In the kernel: run time of its programs by the kernel's own count, in parts of their own, which itself takes some of it; whatever else the machine calls meanwhile is in it. Then what is added to calls that are on no socket, in CPU time of the program that makes them: getppid, and a read of one byte from /dev/zero. Medians, and the middle half of all values.`,
    tables: [
      {
        columns: ["", "alone", "with the tracer", "with / alone, by pair"],
        rows: [
          row(
            "requests/s",
            ({ requestsPerSecond }) => requestsPerSecond,
            (rate) => rate.toFixed(0),
          ),
          row("latency, median", ({ medianNs }) => medianNs, microseconds),
          row("latency, p99", ({ p99Ns }) => p99Ns, milliseconds),
          row("CPU of the server, of one", ({ serverCpu }) => serverCpu, percent),
        ],
      },
      {
        columns: ["the tracer", "measured"],
        rows: [
          ["in the kernel, for a request of both sides", spread(kernelNs, microseconds)],
          [
            "in user space, for a request of both sides",
            spread(
              traced.map(({ userNs }) => userNs),
              microseconds,
            ),
          ],
          [
            "added to getppid",
            spread(
              calls.map(({ getppidNs }) => getppidNs),
              nanoseconds,
            ),
          ],
          [
            "added to a read of /dev/zero",
            spread(
              calls.map(({ readNs }) => readNs),
              nanoseconds,
            ),
          ],
          ["maps", megabytes(median(traced.map(({ mapBytes }) => mapBytes)))],
        ],
      },
    ],
    goals: [],
    notes: [
      `The bench made ${(2 * REQUESTS * PAIRS).toLocaleString("en-US")} requests, those of both sides. With those of others on the machine, ${sum(({ told }) => told).toLocaleString("en-US")} were told and ${sum(({ lost }) => lost).toLocaleString("en-US")} counted as lost.`,
    ],
  };
}

function readVersion(): string {
  return execFileSync("sh", ["-c", `${NGINX} -v 2>&1`], { encoding: "utf8" });
}

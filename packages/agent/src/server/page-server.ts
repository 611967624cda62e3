import { once } from "node:events";
import { closeSync, openSync, readSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { hostname } from "node:os";
import { CliError } from "../cli/cli-error.ts";
import { describeErrno, errnoName } from "../cli/errno.ts";
import type { History } from "../history/history.ts";
import { Access } from "./access.ts";
import { type Answer, json, Sender } from "./answer.ts";
import { Api } from "./api.ts";
import { EventStream } from "./event-stream.ts";
import { HttpError } from "./http-error.ts";
import { pageFile } from "./page-files.ts";
import { Parameters } from "./parameters.ts";
import { PprofRoute } from "./pprof.ts";

export interface PageServerOptions {
  readonly history: History;
  readonly version: string;
  /** Ends the round in progress, for whoever asks for the next seconds: see `Pipeline.takeRound`. */
  readonly takeRound: () => Promise<void>;
  /** What `/metrics` answers, in the text format of Prometheus. Default: there is no `/metrics`. */
  readonly metrics?: () => string;
  /** Default: 127.0.0.1. */
  readonly address?: string;
  /** 0: any that is free. Default: 7537, "SKEP" on the keys of a telephone. */
  readonly port?: number;
  /** 128 random bits by default, others at each start. */
  readonly token?: string;
  /** `/metrics` and `/debug/pprof` answer without the token, to every user of this machine. Default: no. */
  readonly openEndpoints?: boolean;
  /** Default: the name of this machine. */
  readonly hostName?: string;
}

export const DEFAULT_PORT = 7537;

const MAXIMUM_URL_CHARACTERS = 2000;
const MAXIMUM_HEADER_BYTES = 8 * 1024;
/** Six for each browser window, and some for scripts. */
const MAXIMUM_CONNECTIONS = 64;
/** A reader that takes nothing for so long is let go. */
const IDLE_SOCKET_MS = 30_000;

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/**
 * Serves the page, its API, `/metrics` and `/debug/pprof/profile`, to whoever knows the token of this start.
 *
 * It only reads: every method but GET is refused. Sizes, counts and times are bounded, so that no client can make the
 * agent hold more than some megabytes.
 */
export class PageServer implements AsyncDisposable {
  readonly #options: PageServerOptions;
  readonly #server: Server;
  readonly #api: Api;
  readonly #pprof: PprofRoute;
  readonly #events: EventStream;
  readonly #sender = new Sender();
  readonly #token: string;
  readonly #access: Access;

  private constructor(options: PageServerOptions) {
    const { history, version, takeRound, hostName = hostname() } = options;
    this.#options = options;
    this.#token = options.token ?? randomToken();
    this.#access = new Access(this.#token);
    this.#api = new Api({ history, version, hostName, takeRound });
    this.#pprof = new PprofRoute({ history, takeRound });
    this.#events = new EventStream(history);
    // Not by import: that reads all exports of the module, WebSocket with its undici among them, 14 MB in all (Node.js 24).
    const { createServer } = process.getBuiltinModule("node:http");
    this.#server = createServer(
      { maxHeaderSize: MAXIMUM_HEADER_BYTES, headersTimeout: 5000, requestTimeout: 10_000, keepAliveTimeout: 10_000 },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.maxConnections = MAXIMUM_CONNECTIONS;
    this.#server.setTimeout(IDLE_SOCKET_MS);
  }

  /** @throws CliError if the address cannot be had: the port is taken, say. */
  static async start(options: PageServerOptions): Promise<PageServer> {
    const server = new PageServer(options);
    await server.#listen();
    return server;
  }

  /** Where it listens: `http://127.0.0.1:7537`. */
  get origin(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the page's server does not listen");
    const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
    return `http://${host}:${address.port}`;
  }

  /** The address to open in a browser, token included. */
  get url(): string {
    return `${this.origin}/?token=${this.#token}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#events[Symbol.dispose]();
    this.#api[Symbol.dispose]();
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #listen(): Promise<void> {
    const { address = "127.0.0.1", port = DEFAULT_PORT } = this.#options;
    try {
      this.#server.listen({ host: address, port });
      await once(this.#server, "listening");
    } catch (error) {
      this.#events[Symbol.dispose]();
      throw listenError(address, port, error);
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A reader that goes away is not ours to explain.
    response.on("error", () => response.destroy());
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    try {
      const [path = "", query = ""] = (request.url ?? "").split(/\?(.*)/s);
      this.#check(request, path, query);
      if (path === "/api/events") return this.#events.add(response);
      const answer = await this.#answer(path, query, response);
      if (answer === undefined) throw new HttpError(404, "there is no such path");
      await this.#sender.send(request, response, answer);
    } catch (error) {
      refuse(response, error);
    }
  }

  /** @throws HttpError where the request gets no answer. */
  #check(request: IncomingMessage, path: string, query: string): void {
    if (request.method !== "GET") throw new HttpError(405, "only GET is answered", { allow: "GET" });
    if ((request.url ?? "").length > MAXIMUM_URL_CHARACTERS) {
      throw new HttpError(414, `the URL is longer than ${MAXIMUM_URL_CHARACTERS} characters`);
    }
    this.#access.checkOrigin(request.headers);
    const isOpen = this.#options.openEndpoints === true && (path === "/metrics" || path === "/debug/pprof/profile");
    if (
      isOpen ||
      this.#access.hasToken(request.headers, request.socket.localPort ?? 0) ||
      (path === "/" && this.#hasTokenInAddress(query))
    )
      return;
    throw new HttpError(
      401,
      "the token is missing or was that of an earlier start: open the address that skep printed",
      {
        "www-authenticate": 'Bearer realm="skep"',
      },
    );
  }

  #hasTokenInAddress(query: string): boolean {
    return this.#access.isToken(new URLSearchParams(query).get("token") ?? undefined);
  }

  async #answer(path: string, query: string, response: ServerResponse): Promise<Answer | undefined> {
    if (path === "/metrics") return this.#metrics(query);
    if (path === "/debug/pprof/profile") {
      const gone = new AbortController();
      response.once("close", () => gone.abort());
      response.socket?.setTimeout(0);
      const profile = await this.#pprof.answer(query, gone.signal);
      response.socket?.setTimeout(IDLE_SOCKET_MS);
      return profile;
    }
    if (path.startsWith("/api/")) {
      const answer = await this.#api.answer(path, query);
      return answer === undefined ? undefined : json(answer);
    }
    const file = await pageFile(path);
    // Not by a redirect: the browser would not send a SameSite=Strict cookie on one that began at another site.
    const isNew = path === "/" && this.#hasTokenInAddress(query);
    return file !== undefined && isNew
      ? { ...file, headers: { "set-cookie": this.#access.cookie(response.socket?.localPort ?? 0) } }
      : file;
  }

  #metrics(query: string): Answer | undefined {
    new Parameters(query, []);
    const { metrics } = this.#options;
    return metrics && { contentType: "text/plain; version=0.0.4; charset=utf-8", body: metrics() };
  }
}

/** 128 bits of the kernel's. `node:crypto` takes them from there, too, but for 7 to 16 ms of the start. */
function randomToken(): string {
  const bytes = Buffer.alloc(16);
  const device = openSync("/dev/urandom", "r");
  try {
    readSync(device, bytes);
  } finally {
    closeSync(device);
  }
  return bytes.toString("base64url");
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) {
    response.destroy();
    return;
  }
  const isExpected = error instanceof HttpError;
  const message = isExpected ? error.message : `unexpected ${String(error)}`;
  response.writeHead(isExpected ? error.status : 500, {
    "content-type": "text/plain; charset=utf-8",
    // What came with the request is not read.
    connection: "close",
    ...(isExpected && error.headers),
  });
  response.end(`${message}\n`);
}

function listenError(address: string, port: number, cause: unknown): CliError {
  const where = `port ${port} of ${address}`;
  switch (errnoName(cause)) {
    case "EADDRINUSE":
      return new CliError(`the page cannot have ${where}: another program listens there`, {
        hints: [`find it with: ss -ltnp 'sport = :${port}'`, "or set another page.port, or 0 for any that is free"],
        cause,
      });
    case "EACCES":
      return new CliError(`the page may not have ${where}`, { hints: ["ports from 1024 on are for everybody"], cause });
    case "EADDRNOTAVAIL":
      return new CliError(`the page cannot have ${where}: this machine has no such address`, { cause });
    default:
      return new CliError(`the page cannot have ${where}: ${describeErrno(cause)}`, { cause });
  }
}

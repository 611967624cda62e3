import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { OtlpError } from "../../errors.ts";
import type { AnySignal } from "../../model/signal.ts";
import type { Batch } from "../batch.ts";
import type { ResolvedSettings } from "../settings.ts";
import { connectionProblem, timeoutProblem } from "./connection-problem.ts";
import { acceptedOutcome } from "./partial-success.ts";
import { retryAfterMs } from "./retry-after.ts";
import { readRpcStatus } from "./rpc-status.ts";
import type { SendOutcome, Transport } from "./transport.ts";

/** Answers are a few bytes; of a longer one, the rest is not read. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** The statuses that OTLP/HTTP says to retry (opentelemetry.io/docs/specs/otlp, "Retryable Response Codes"). */
const RETRYABLE_STATUSES = new Set([429, 502, 503, 504]);
const CONTENT_TYPES = { protobuf: "application/x-protobuf", json: "application/json" } as const;

type RequestFunction = (url: URL, options: RequestOptions) => ClientRequest;

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** Empty where it was too long to read. */
  readonly body: Uint8Array;
}

/**
 * Loads node:https only for an endpoint that needs it.
 *
 * Neither module is imported: that reads all of its exports, and in Node.js 24 the getters of `WebSocket` and others
 * among those of node:http load the whole of undici, 14 MB of memory.
 */
export function openHttpTransport(signal: AnySignal, settings: ResolvedSettings): Transport {
  const connections = { keepAlive: true, maxSockets: 1 };
  if (settings.endpoint.protocol === "http:") {
    const http = process.getBuiltinModule("node:http");
    return new HttpTransport(signal, settings, http.request, new http.Agent(connections));
  }
  const https = process.getBuiltinModule("node:https");
  const { ca, certificate, key } = settings.tls;
  const trust = {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
  };
  return new HttpTransport(signal, settings, https.request, new https.Agent({ ...connections, ...trust }));
}

/** OTLP/HTTP over HTTP/1.1. Redirects are not followed: what is sent is for the receiver that was named. */
class HttpTransport implements Transport {
  readonly #signal: AnySignal;
  readonly #settings: ResolvedSettings;
  readonly #request: RequestFunction;
  readonly #agent: Agent;

  constructor(signal: AnySignal, settings: ResolvedSettings, request: RequestFunction, agent: Agent) {
    this.#signal = signal;
    this.#settings = settings;
    this.#request = request;
    this.#agent = agent;
  }

  async send(batch: Batch, abort: AbortSignal): Promise<SendOutcome> {
    let answer: Answer;
    try {
      answer = await this.#post(batch, abort);
    } catch (error) {
      const problem = error instanceof OtlpError ? error : connectionProblem(this.#settings.endpoint, error);
      return { kind: "retry", problem };
    }
    if (answer.status >= 200 && answer.status < 300) {
      const encoding = isJson(answer) ? "json" : "protobuf";
      return acceptedOutcome(this.#signal, batch, answer.body, encoding);
    }
    return this.#failure(answer);
  }

  close(): void {
    this.#agent.destroy();
  }

  #failure(answer: Answer): SendOutcome {
    const { endpoint, clock } = this.#settings;
    const reason = messageIn(answer);
    const message = `${endpoint.href}: HTTP status ${answer.status}${reason === "" ? "" : `: ${reason}`}`;
    if (!RETRYABLE_STATUSES.has(answer.status)) {
      return { kind: "refused", problem: new OtlpError("refused", message, { hint: hintFor(answer) }) };
    }
    const askedForMs = retryAfterMs(answer.headers["retry-after"], clock.nowMs());
    return { kind: "retry", problem: new OtlpError("unavailable", message), retryAfterMs: askedForMs };
  }

  /** One request; once more where the connection was an old one that the receiver had just closed. */
  async #post(batch: Batch, abort: AbortSignal): Promise<Answer> {
    const first = this.#start(batch, abort);
    try {
      return await first.answer;
    } catch (error) {
      const closedWhileIdle = first.request.reusedSocket && isReset(error);
      if (!closedWhileIdle || abort.aborted) throw error;
      return this.#start(batch, abort).answer;
    }
  }

  #start(batch: Batch, abort: AbortSignal): { readonly request: ClientRequest; readonly answer: Promise<Answer> } {
    const { endpoint, headers, timeoutMs, userAgent } = this.#settings;
    const request = this.#request(endpoint, {
      method: "POST",
      agent: this.#agent,
      signal: abort,
      headers: {
        ...headers,
        "user-agent": userAgent,
        "content-type": CONTENT_TYPES[batch.encoding],
        "content-length": batch.body.length,
        ...(batch.compression === "gzip" ? { "content-encoding": "gzip" } : {}),
      },
    });
    const answer = new Promise<Answer>((resolve, reject) => {
      const onTimeout = (): void => {
        reject(timeoutProblem(endpoint, timeoutMs));
        request.destroy();
      };
      const timer = timeoutMs === 0 ? undefined : setTimeout(onTimeout, timeoutMs);
      request.on("error", reject);
      request.on("close", () => clearTimeout(timer));
      request.on("response", (response) => readAnswer(response).then(resolve, reject));
    });
    request.end(batch.body);
    return { request, answer };
  }
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const { statusCode = 0, headers } = response;
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length;
    // Leaving the loop closes the connection.
    if (sizeBytes > MAX_ANSWER_BYTES) return { status: statusCode, headers, body: new Uint8Array() };
    chunks.push(chunk);
  }
  return { status: statusCode, headers, body: Buffer.concat(chunks) };
}

function isJson({ headers }: Answer): boolean {
  return headers["content-type"]?.startsWith(CONTENT_TYPES.json) === true;
}

/** A failure comes with a google.rpc.Status, in the encoding of the request; proxies answer with anything. */
function messageIn(answer: Answer): string {
  try {
    if (isJson(answer)) {
      const status: unknown = JSON.parse(Buffer.from(answer.body).toString());
      const message = typeof status === "object" && status !== null && "message" in status ? status.message : "";
      return typeof message === "string" ? message : "";
    }
    if (answer.headers["content-type"] === CONTENT_TYPES.protobuf) return readRpcStatus(answer.body).message;
  } catch {
    // The status code says enough.
  }
  return "";
}

function hintFor({ status, headers }: Answer): string | undefined {
  if (status >= 300 && status < 400) {
    return `redirects are not followed; if it has moved, set the endpoint to ${headers.location ?? "its new place"}`;
  }
  if (status === 401 || status === 403) return "set the headers that the receiver wants: OTEL_EXPORTER_OTLP_HEADERS";
  if (status === 404) return "check the endpoint's path; receivers take traces at /v1/traces";
  return undefined;
}

function isReset(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
}

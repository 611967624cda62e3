import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type SecureClientSessionOptions,
} from "node:http2";
import { OtlpError } from "../../errors.ts";
import type { AnySignal } from "../../model/signal.ts";
import type { Batch } from "../batch.ts";
import type { ResolvedSettings } from "../settings.ts";
import { connectionProblem, timeoutProblem } from "./connection-problem.ts";
import { type GrpcStatus, grpcStatusOf, grpcStatusOfHttp, isRetryable } from "./grpc-status.ts";
import { acceptedOutcome } from "./partial-success.ts";
import { type RpcStatus, readRpcStatus } from "./rpc-status.ts";
import type { SendOutcome, Transport } from "./transport.ts";

/** Answers are a few bytes; a longer one is none. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** A message has a byte in front that says whether it is compressed, and four with its length. */
const MESSAGE_HEADER_BYTES = 5;

/** What a call came to. */
interface Answer {
  /** `:status` and all, which for a call that failed at once has what else the trailers have. */
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/**
 * OTLP/gRPC: a unary call on an HTTP/2 connection (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). The connection is
 * kept until it breaks, the receiver says that it goes away, or a call takes too long.
 */
export class GrpcTransport implements Transport {
  readonly #signal: AnySignal;
  readonly #settings: ResolvedSettings;
  #session: ClientHttp2Session | undefined;

  constructor(signal: AnySignal, settings: ResolvedSettings) {
    this.#signal = signal;
    this.#settings = settings;
  }

  async send(batch: Batch, abort: AbortSignal): Promise<SendOutcome> {
    if (batch.encoding !== "protobuf") {
      const message = "a batch in JSON, which was spooled under another protocol, cannot go over gRPC";
      return { kind: "refused", problem: new OtlpError("refused", message) };
    }
    const session = this.#session ?? this.#connect();
    session.ref();
    try {
      return this.#outcome(batch, await this.#call(session, batch, abort));
    } catch (error) {
      const problem = error instanceof OtlpError ? error : connectionProblem(this.#settings.endpoint, error);
      return { kind: "retry", problem };
    } finally {
      // An idle connection keeps no process from ending.
      if (!session.destroyed) session.unref();
    }
  }

  close(): void {
    this.#session?.destroy();
  }

  #connect(): ClientHttp2Session {
    const { endpoint, tls } = this.#settings;
    const options: SecureClientSessionOptions = {
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
    };
    const session = connect(endpoint, options);
    const forget = (): void => this.#forget(session);
    // The call that is under way fails with the same error.
    session.on("error", forget);
    session.on("goaway", forget);
    session.on("close", forget);
    this.#session = session;
    return session;
  }

  #forget(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = undefined;
  }

  async #call(session: ClientHttp2Session, batch: Batch, abort: AbortSignal): Promise<Answer> {
    const { endpoint, headers, timeoutMs, userAgent } = this.#settings;
    const stream = session.request({
      ...lowerCaseKeys(headers),
      ":method": "POST",
      ":path": this.#signal.grpcPath,
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": userAgent,
      "grpc-accept-encoding": "identity",
      ...(batch.compression === "gzip" ? { "grpc-encoding": "gzip" } : {}),
      ...(timeoutMs > 0 ? { "grpc-timeout": grpcTimeout(timeoutMs) } : {}),
    });
    return new Promise<Answer>((resolve, reject) => {
      const giveUp = (reason: OtlpError): void => {
        reject(reason);
        this.#forget(session);
        // The connection with it: a receiver that does not answer may be one that is no longer there.
        session.destroy(reason);
      };
      const onAbort = (): void => giveUp(new OtlpError("connection", `${endpoint.href}: given up`));
      const onTimeout = (): void => giveUp(timeoutProblem(endpoint, timeoutMs));
      const timer = timeoutMs === 0 ? undefined : setTimeout(onTimeout, timeoutMs);
      abort.addEventListener("abort", onAbort);
      stream.on("close", () => {
        clearTimeout(timer);
        abort.removeEventListener("abort", onAbort);
      });
      readAnswer(stream, endpoint).then(resolve, reject);
      stream.write(messageHeader(batch));
      stream.end(batch.body);
    });
  }

  #outcome(batch: Batch, { headers, trailers, body }: Answer): SendOutcome {
    // Where a call fails at once, the headers are the trailers.
    const fields = trailers["grpc-status"] === undefined ? headers : trailers;
    const code = fields["grpc-status"];
    const status = typeof code === "string" ? grpcStatusOf(code) : grpcStatusOfHttp(Number(headers[":status"]));
    if (status === "OK") return acceptedOutcome(this.#signal, batch, messageIn(body), "protobuf");
    return this.#failure(status, fields);
  }

  #failure(status: GrpcStatus, fields: IncomingHttpHeaders): SendOutcome {
    const details = statusDetails(fields["grpc-status-details-bin"]);
    const reason = percentDecoded(fields["grpc-message"]) || details?.message || "";
    const message = `${this.#settings.endpoint.href}: gRPC status ${status}${reason === "" ? "" : `: ${reason}`}`;
    const retryAfterMs = details?.retryDelayMs;
    if (!isRetryable(status, retryAfterMs !== undefined)) {
      return { kind: "refused", problem: new OtlpError("refused", message, { hint: hintFor(status) }) };
    }
    return { kind: "retry", problem: new OtlpError("unavailable", message), retryAfterMs };
  }
}

function readAnswer(stream: ClientHttp2Stream, endpoint: URL): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    stream.on("response", (fields) => {
      headers = fields;
    });
    stream.on("trailers", (fields) => {
      trailers = fields;
    });
    stream.on("data", (chunk: Uint8Array) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= MAX_ANSWER_BYTES) chunks.push(chunk);
      else stream.destroy(new OtlpError("response", `${endpoint.href}: the answer is too long for one`));
    });
    stream.on("error", reject);
    stream.on("close", () => {
      if (headers[":status"] === undefined || stream.rstCode !== constants.NGHTTP2_NO_ERROR) {
        reject(new Error(`the call was closed without an answer (HTTP/2 error ${stream.rstCode})`));
      } else resolve({ headers, trailers, body: Buffer.concat(chunks) });
    });
  });
}

function messageHeader({ compression, body }: Batch): Uint8Array {
  const header = Buffer.alloc(MESSAGE_HEADER_BYTES);
  header.writeUInt8(compression === "gzip" ? 1 : 0, 0);
  header.writeUInt32BE(body.length, 1);
  return header;
}

/** The message of an answer; nothing where it is compressed, which we did not offer to understand. */
function messageIn(body: Uint8Array): Uint8Array {
  return body[0] === 0 ? body.subarray(MESSAGE_HEADER_BYTES) : new Uint8Array();
}

/** At most eight digits and a unit. */
function grpcTimeout(timeoutMs: number): string {
  return timeoutMs < 1e8 ? `${Math.ceil(timeoutMs)}m` : `${Math.ceil(timeoutMs / 1_000)}S`;
}

function statusDetails(field: string | string[] | undefined): RpcStatus | undefined {
  if (typeof field !== "string") return undefined;
  try {
    return readRpcStatus(Buffer.from(field, "base64"));
  } catch {
    // The code and the message of the status are enough.
    return undefined;
  }
}

function percentDecoded(field: string | string[] | undefined): string {
  if (typeof field !== "string") return "";
  try {
    return decodeURIComponent(field);
  } catch {
    // The specification of gRPC: what cannot be decoded is shown as it came.
    return field;
  }
}

function lowerCaseKeys(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function hintFor(status: GrpcStatus): string | undefined {
  switch (status) {
    case "UNAUTHENTICATED":
    case "PERMISSION_DENIED":
      return "set the headers that the receiver wants: OTEL_EXPORTER_OTLP_HEADERS";
    case "UNIMPLEMENTED":
      return "the receiver does not take this signal";
    case "RESOURCE_EXHAUSTED":
      return "the batch may be larger than the receiver allows";
    default:
      return undefined;
  }
}

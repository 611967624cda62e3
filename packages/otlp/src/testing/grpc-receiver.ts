import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

export interface ReceivedCall {
  readonly headers: IncomingHttpHeaders;
  /** The message, decompressed. */
  readonly body: Uint8Array;
}

export type GrpcAnswer =
  | {
      readonly status: number;
      /** Beside `grpc-status`. */
      readonly trailers?: Readonly<Record<string, string>>;
      /** The message; without one, the headers are the trailers too. */
      readonly body?: Uint8Array;
    }
  | { readonly httpStatus: number }
  | "hang"
  | "reset"
  | "disconnect";

/** A receiver of OTLP/gRPC on a port of the loopback interface, which answers as it is told. */
export class GrpcReceiver implements AsyncDisposable {
  readonly calls: ReceivedCall[] = [];
  readonly sessions: Set<ServerHttp2Session> = new Set<ServerHttp2Session>();
  sessionCount = 0;
  readonly #server: Http2Server;

  /** @param answer Gets the call and how many there have been, counted from 1. */
  static async start(
    answer: (call: ReceivedCall, count: number) => GrpcAnswer | Promise<GrpcAnswer>,
    options: { readonly port?: number; readonly tls?: SecureServerOptions } = {},
  ): Promise<GrpcReceiver> {
    const receiver = new GrpcReceiver(answer, options.tls);
    receiver.#server.listen(options.port ?? 0, "127.0.0.1");
    await once(receiver.#server, "listening");
    return receiver;
  }

  private constructor(
    answer: (call: ReceivedCall, count: number) => GrpcAnswer | Promise<GrpcAnswer>,
    tls: SecureServerOptions | undefined,
  ) {
    this.#server = tls === undefined ? createServer() : createSecureServer(tls);
    this.#server.on("session", (session) => {
      this.sessionCount++;
      this.sessions.add(session);
      session.on("close", () => this.sessions.delete(session));
      // A connection may break when a test lets it.
      session.on("error", () => session.destroy());
    });
    this.#server.on("stream", (stream, headers) => {
      stream.on("error", () => stream.destroy());
      receive(stream, headers)
        .then((call) => answer(call, this.calls.push(call)))
        .then((given) => respond(stream, given))
        // The sender went away meanwhile, as it does when it gives up.
        .catch((error: unknown) => assert.ok(stream.destroyed, `${error}`));
    });
  }

  get port(): number {
    const address = this.#server.address();
    assert.ok(typeof address === "object" && address !== null);
    return address.port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.sessions) session.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** A message in the frame that gRPC puts around it. */
export function grpcFrame(message: Uint8Array): Uint8Array {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

async function receive(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<ReceivedCall> {
  const framed = await buffer(stream);
  const compressed = framed.readUInt8(0) === 1;
  assert.equal(framed.readUInt32BE(1), framed.length - 5, "the frame has the length of its message");
  assert.equal(headers["grpc-encoding"], compressed ? "gzip" : undefined);
  const message = framed.subarray(5);
  return { headers, body: compressed ? gunzipSync(message) : message };
}

function respond(stream: ServerHttp2Stream, given: GrpcAnswer): void {
  if (given === "hang") return;
  if (given === "reset") stream.close(2);
  else if (given === "disconnect") stream.session?.destroy();
  else if ("httpStatus" in given) stream.respond({ ":status": given.httpStatus }, { endStream: true });
  else {
    const head = { ":status": 200, "content-type": "application/grpc" };
    const status = { "grpc-status": String(given.status), ...given.trailers };
    if (given.body === undefined) {
      stream.respond({ ...head, ...status }, { endStream: true });
      return;
    }
    stream.respond(head, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(status));
    stream.end(grpcFrame(given.body));
  }
}

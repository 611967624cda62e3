import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Decompressed. */
  readonly body: Uint8Array;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What the receiver does with a request: answer, stay silent, or break the connection. */
export type HttpAnswer = HttpResponse | "hang" | "reset";

export const OK: HttpResponse = { status: 200, headers: { "content-type": "application/x-protobuf" } };

/** A receiver of OTLP/HTTP on a port of the loopback interface, which answers as it is told. */
export class HttpReceiver implements AsyncDisposable {
  readonly requests: ReceivedRequest[] = [];
  readonly server: Server;
  connectionCount = 0;

  /** @param answer Gets the request and how many there have been, counted from 1. */
  static async start(
    answer: (request: ReceivedRequest, count: number) => HttpAnswer | Promise<HttpAnswer>,
    options: { readonly port?: number; readonly tls?: ServerOptions } = {},
  ): Promise<HttpReceiver> {
    const receiver = new HttpReceiver(answer, options.tls);
    receiver.server.listen(options.port ?? 0, "127.0.0.1");
    await once(receiver.server, "listening");
    return receiver;
  }

  private constructor(
    answer: (request: ReceivedRequest, count: number) => HttpAnswer | Promise<HttpAnswer>,
    tls: ServerOptions | undefined,
  ) {
    const listener: RequestListener = (message, response) => {
      receive(message)
        .then((request) => answer(request, this.requests.push(request)))
        .then((given) => {
          if (given === "reset") message.socket.resetAndDestroy();
          else if (given !== "hang") response.writeHead(given.status, given.headers).end(given.body);
        })
        // The sender went away meanwhile, as it does when it gives up.
        .catch((error: unknown) => assert.ok(message.destroyed, `${error}`));
    };
    this.server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.server.on(tls === undefined ? "connection" : "secureConnection", () => this.connectionCount++);
  }

  get port(): number {
    const address = this.server.address();
    assert.ok(typeof address === "object" && address !== null);
    return address.port;
  }

  endpoint(path = "/v1/traces"): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}

async function receive(message: IncomingMessage): Promise<ReceivedRequest> {
  const sent = await buffer(message);
  const body = message.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
  return { method: message.method ?? "", path: message.url ?? "", headers: message.headers, body };
}

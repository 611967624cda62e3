import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

/** An OpenTelemetry receiver on loopback that keeps what it gets, as JSON. */
export class Receiver implements AsyncDisposable {
  readonly #server: Server;
  readonly #bodies: { readonly path: string; readonly text: string }[] = [];
  #arrived: PromiseWithResolvers<void> = Promise.withResolvers();

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const body = await buffer(request);
      const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString();
      this.#bodies.push({ path: request.url ?? "", text });
      response.setHeader("content-type", "application/json").end("{}");
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers();
    });
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(0, "127.0.0.1");
    await once(receiver.#server, "listening");
    return receiver;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the receiver does not listen");
    return `http://127.0.0.1:${address.port}`;
  }

  /** Resolves when something with this text came for this path, with all of it. */
  async got(path: string, text: string): Promise<string> {
    for (;;) {
      const found = this.#bodies.find((body) => body.path === path && body.text.includes(text));
      if (found !== undefined) return found.text;
      await this.#arrived.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

/** A guest takes some 20 s for what a host does in two. */
const LONGEST_WAIT_MS = 120_000;

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

  /** Resolves when something with this text came for this path, with all of it; rejects when nothing does. */
  async got(path: string, text: string): Promise<string> {
    const deadline = AbortSignal.timeout(LONGEST_WAIT_MS);
    for (;;) {
      const found = this.#bodies.find((body) => body.path === path && body.text.includes(text));
      if (found !== undefined) return found.text;
      if (deadline.aborted) throw new Error(`nothing with ${text} came for ${path}, but ${this.#summary()}`);
      await Promise.race([this.#arrived.promise, once(deadline, "abort")]);
    }
  }

  #summary(): string {
    const counts = Map.groupBy(this.#bodies, ({ path }) => path);
    return [...counts].map(([path, bodies]) => `${bodies.length} for ${path}`).join(", ") || "nothing at all";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}

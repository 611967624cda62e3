import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { HttpSide } from "../http-request.ts";
import type { Segment } from "../segment.ts";
import { type Sent, segmentsOf } from "./conversation.ts";

/** Stands between a client and a server on the loopback, and keeps what each of them said on each connection. */
export class RecordingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #connections: Sent[][] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(targetPort: number): Promise<RecordingProxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new RecordingProxy(server);
    server.on("connection", (client) => proxy.#join(client, connect({ port: targetPort, allowHalfOpen: true })));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Of each connection that was made, as the traced process on that side would have them. */
  segments(side: HttpSide): Segment[][] {
    return this.#connections.map((connection) => segmentsOf(connection, side));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket, server: Socket): void {
    const said: Sent[] = [];
    this.#connections.push(said);
    for (const [from, one, other] of [
      ["client", client, server],
      ["server", server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on("data", (data) => {
        said.push({ from, data });
        other.write(data);
      });
      one.on("end", () => other.end());
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  }
}

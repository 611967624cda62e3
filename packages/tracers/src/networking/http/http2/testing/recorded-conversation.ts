import { once } from "node:events";
import { type ClientHttp2Session, connect, createServer, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer as createTcpServer, connect as tcpConnect } from "node:net";
import type { Direction } from "../../segment.ts";
import { PREFACE } from "../frames.ts";

/** Bytes that a server has received or sent at once. */
export interface Chunk {
  readonly direction: Direction;
  readonly data: Buffer;
}

/** A frame, or the preface, at the place in both directions' order where it was complete. */
export interface RecordedFrame extends Chunk {
  /** -1 for the preface. */
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

/**
 * Lets a client of node:http2, which is nghttp2's, talk to a server of it, and keeps the bytes that go between them.
 *
 * @param serve answers a stream of the server
 * @param talk uses the client; the connection is closed when it is done
 */
export async function recordConversation(
  serve: (stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>) => void,
  talk: (client: ClientHttp2Session) => Promise<void>,
): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  const server = createServer({ settings: { enableConnectProtocol: true } });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    serve(stream, headers);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = createTcpServer((downstream) => {
    const upstream = tcpConnect((server.address() as AddressInfo).port, "127.0.0.1");
    downstream.on("data", (data) => {
      chunks.push({ direction: "received", data });
      upstream.write(data);
    });
    upstream.on("data", (data) => {
      chunks.push({ direction: "sent", data });
      downstream.write(data);
    });
    for (const [one, other] of [
      [downstream, upstream],
      [upstream, downstream],
    ] as const) {
      one.on("end", () => other.end());
      one.on("error", () => other.destroy());
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const client = connect(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  try {
    client.on("error", () => undefined);
    await talk(client);
  } finally {
    client.close();
    await once(client, "close");
    proxy.close();
    server.close();
  }
  return chunks;
}

/** Cuts both directions into their frames. */
export function framesOf(chunks: readonly Chunk[]): RecordedFrame[] {
  const frames: RecordedFrame[] = [];
  const rest = { received: Buffer.alloc(0), sent: Buffer.alloc(0) };
  for (const { direction, data } of chunks) {
    let bytes = Buffer.concat([rest[direction], data]);
    for (;;) {
      const isPreface = bytes.subarray(0, PREFACE.length).equals(PREFACE);
      const lengthBytes = isPreface ? PREFACE.length : bytes.length < 9 ? Infinity : 9 + bytes.readUIntBE(0, 3);
      if (bytes.length < lengthBytes) break;
      frames.push({
        direction,
        data: bytes.subarray(0, lengthBytes),
        type: isPreface ? -1 : (bytes[3] ?? 0),
        flags: bytes[4] ?? 0,
        streamId: isPreface ? 0 : bytes.readUInt32BE(5),
      });
      bytes = bytes.subarray(lengthBytes);
    }
    rest[direction] = bytes;
  }
  return frames;
}

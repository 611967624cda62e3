// A program that does with sockets what it is told: a line of JSON on its standard input for each command, and one on its
// standard output when that is done. Whatever its servers receive they send back.
import { once } from "node:events";
import { closeSync } from "node:fs";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";

/** include/uapi/linux/io_uring.h */
const IORING_OP_ACCEPT = 13;

const sockets = new Map();
const accepted = [];
const servers = [];

const commands = {
  nothing() {
    return {};
  },

  /** Waits for connections; of `accept: false`, in a process that is then blocked, the kernel alone does. */
  async listen({ port = 0, host, path, backlog = 511, block = false }) {
    const server = createServer({ allowHalfOpen: false }, (socket) => {
      accepted.push(socket);
      socket.on("error", () => undefined);
      socket.pipe(socket);
    });
    server.listen(path === undefined ? { port, host, backlog } : { path, backlog });
    await once(server, "listening");
    servers.push(server);
    if (block) {
      console.log(JSON.stringify({ port: server.address().port }));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }
    return typeof server.address() === "string" ? {} : { port: server.address().port };
  },

  /** Waits for one connection, by io_uring. */
  async listenByRing({ host }) {
    const server = createServer(() => undefined).listen(0, host);
    await once(server, "listening");
    console.log(JSON.stringify({ port: server.address().port }));
    const { IoUring } = await import("../../../files/testing/io-uring.mjs");
    // Before the event loop has its turn, and libuv sees that there is one.
    const descriptor = new IoUring().run({ opcode: IORING_OP_ACCEPT, fd: server._handle.fd });
    server.close();
    return { descriptor };
  },

  closeDescriptor({ descriptor }) {
    closeSync(descriptor);
    return {};
  },

  /** `wait: false`: not for the answer. */
  async connect({ name = "socket", wait = true, ...where }) {
    const socket = connect(where);
    sockets.set(name, socket);
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      socket.received = (socket.received ?? 0) + data.length;
      socket.emit("more");
    });
    if (!wait) return {};
    return await new Promise((resolve) => {
      socket.once("connect", () => resolve({ port: socket.localPort }));
      socket.once("error", ({ code }) => resolve({ error: code }));
    });
  },

  /** Until all of it has come back. */
  async send({ name = "socket", bytes }) {
    const socket = sockets.get(name);
    const until = (socket.received ?? 0) + bytes;
    socket.write(Buffer.alloc(bytes, "x"));
    while ((socket.received ?? 0) < until) await once(socket, "more");
    return {};
  },

  async end({ name = "socket" }) {
    const socket = sockets.get(name);
    socket.end();
    if (!socket.closed) await once(socket, "close");
    return {};
  },

  async reset({ name = "socket" }) {
    sockets.get(name).resetAndDestroy();
    return {};
  },

  async destroy({ name = "socket" }) {
    sockets.get(name).destroy();
    return {};
  },

  /** Of a server: the connections that it has accepted. */
  async resetAccepted() {
    for (const socket of accepted.splice(0)) socket.resetAndDestroy();
    return {};
  },

  /** One connection after the other, and so many at a time. */
  async storm({ count, atOnce, ...where }) {
    let left = count;
    const one = async () => {
      while (left-- > 0) {
        const socket = connect(where);
        socket.resume();
        socket.end("hello");
        await once(socket, "close");
      }
    };
    await Promise.all(Array.from({ length: atOnce }, one));
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...options } = JSON.parse(line);
  console.log(JSON.stringify(await commands[command](options)));
}
process.exit(0);

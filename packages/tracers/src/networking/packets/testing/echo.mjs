// Two programs that talk to each other: `serve ADDRESS`, and `send ADDRESS stream|datagrams|pingPong AMOUNT`, which says
// "ready" and waits for a line on its standard input. That one prints "done"; both end when they are killed.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";

const [, , program, address, what, amount] = process.argv;
const PORT = 7100;

/** Sends back what comes by TCP, and takes what comes by UDP. */
async function serve() {
  const server = createServer((socket) => socket.setNoDelay().pipe(socket));
  server.listen(PORT, address);
  await once(server, "listening");
  const socket = createSocket("udp4");
  socket.bind(PORT, address);
  await once(socket, "listening");
  console.log("ready");
}

/** So many bytes, and as many back. The connection stays open until it has them all. */
async function stream() {
  const bytes = Number(amount);
  const socket = connect(PORT, address);
  let received = 0;
  const all = new Promise((resolve) => {
    socket.on("data", (data) => {
      received += data.length;
      if (received === bytes) resolve();
    });
  });
  const chunk = Buffer.alloc(64 * 1024);
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    if (!socket.write(chunk.subarray(0, Math.min(chunk.length, bytes - sent)))) await once(socket, "drain");
  }
  await all;
  socket.end();
  await once(socket, "close");
}

/** As many as fit into one turn of the event loop, again and again. */
async function datagrams() {
  const socket = createSocket("udp4");
  socket.connect(PORT, address);
  await once(socket, "connect");
  for (let sent = 0; sent < Number(amount); sent++) {
    const done = new Promise((resolve) => socket.send(Buffer.alloc(64), resolve));
    if (sent % 1000 === 999) await done;
  }
  await new Promise((resolve) => socket.send("last", resolve));
}

async function pingPong() {
  const socket = connect(PORT, address).setNoDelay();
  for (let round = 0; round < Number(amount); round++) {
    socket.write("x");
    await once(socket, "data");
  }
}

if (program === "serve") {
  await serve();
} else {
  console.log("ready");
  await once(process.stdin, "data");
  await { stream, datagrams, pingPong }[what]();
  console.log("done");
}
setInterval(() => undefined, 1_000_000);

// HTTP over TCP of which io_uring moves every byte, and whose connections it closes. In one process a server, in the other
// one a client, by the first argument:
//
//   server MODE                  prints its port; serves one connection after the other until its input ends
//   client MODE PORT ROUNDS      prints "ready", waits for a line, and makes ROUNDS connections with REQUESTS requests each.
//                                and one more that it gives up. Prints them as http-client.mjs does
//
// MODE is "inline", which is tried in the thread that asks, or "worker": IOSQE_ASYNC.
import { readSync } from "node:fs";
import { ASYNC, IoUring, Opcode } from "../../files/testing/io-uring.mjs";
import { libcFunction } from "../../files/testing/libc.mjs";

const socket = libcFunction("int socket(int, int, int)");
const bind = libcFunction("int bind(int, void *, uint)");
const listen = libcFunction("int listen(int, int)");
const getsockname = libcFunction("int getsockname(int, void *, void *)");
const accept = libcFunction("int accept(int, void *, void *)");
const connect = libcFunction("int connect(int, void *, uint)");

const AF_INET = 2;
const SOCK_STREAM = 1;
const REQUESTS = 5;

const [, , role, mode, port, rounds] = process.argv;
const ring = new IoUring();
const requestFlags = mode === "worker" ? ASYNC : 0;

function loopback(portNumber) {
  const address = Buffer.alloc(16);
  address.writeUInt16LE(AF_INET, 0);
  address.writeUInt16BE(portNumber, 2);
  address.set([127, 0, 0, 1], 4);
  return address;
}

/** Both on the whole: where the socket takes or has a part of it, the ring is asked again. */
function send(fd, text) {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    const sent = ring.run({ opcode: Opcode.send, fd, buffer: rest, requestFlags });
    if (sent <= 0) throw new Error(`sent ${sent}`);
    rest = rest.subarray(sent);
  }
}

function receive(fd, known, isWhole) {
  let text = known;
  const buffer = Buffer.alloc(65_536);
  while (!isWhole(text)) {
    const received = ring.run({ opcode: Opcode.recv, fd, buffer, requestFlags });
    if (received <= 0) return undefined;
    text += buffer.toString("latin1", 0, received);
  }
  return text;
}

function close(fd) {
  ring.run({ opcode: Opcode.close, fd });
}

function wholeMessage(text) {
  const end = text.indexOf("\r\n\r\n");
  const length = Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0);
  return end >= 0 && text.length >= end + 4 + length;
}

function serve() {
  const listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, loopback(0), 16);
  listen(listener, 16);
  const address = Buffer.alloc(16);
  const length = Buffer.from([16, 0, 0, 0]);
  getsockname(listener, address, length);
  console.log(address.readUInt16BE(2));
  for (;;) {
    const fd = accept(listener, null, null);
    for (;;) {
      const text = receive(fd, "", wholeMessage);
      if (text === undefined) break;
      // Not answered: the client gives up.
      if (text.startsWith("GET /hang ")) continue;
      const size = Number(/\/(\d+)/.exec(text)[1]);
      send(fd, `HTTP/1.1 ${200 + (size % 4)} OK\r\ncontent-length: ${size}\r\n\r\n${"x".repeat(size)}`);
    }
    close(fd);
  }
}

function connected() {
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, loopback(Number(port)), 16) !== 0) throw new Error("connect failed");
  return fd;
}

function ask() {
  console.log(JSON.stringify("ready"));
  readSync(0, Buffer.alloc(1));
  const log = [];
  for (let round = 0; round < Number(rounds); round++) {
    const fd = connected();
    for (let index = 0; index < REQUESTS; index++) {
      const [bodyBytes, size] = [index * 100, (round * 777 + index * 31) % 9000];
      const path = `/${size}/${round}`;
      send(fd, `POST ${path} HTTP/1.1\r\nhost: uring\r\ncontent-length: ${bodyBytes}\r\n\r\n${"y".repeat(bodyBytes)}`);
      const answer = receive(fd, "", wholeMessage);
      log.push(["POST", path, Number(answer.slice(9, 12)), bodyBytes, answer.length - answer.indexOf("\r\n\r\n") - 4]);
    }
    close(fd);
  }
  const fd = connected();
  send(fd, "GET /hang HTTP/1.1\r\nhost: uring\r\n\r\n");
  close(fd);
  log.push(["GET", "/hang", null, 0, null]);
  console.log(JSON.stringify(log));
}

if (role === "server") serve();
else ask();

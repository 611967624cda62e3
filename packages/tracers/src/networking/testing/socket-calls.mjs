// Says "ready", waits for a line on its standard input, then asks the server at the port that is its argument for one thing
// after the other on one connection, sending and receiving by another system call each time. Prints the requests as
// http-client.mjs does, and ends.
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { addressOf, libcFunction } from "../../files/testing/libc.mjs";

const socket = libcFunction("int socket(int, int, int)");
const connect = libcFunction("int connect(int, void *, int)");
const write = libcFunction("long write(int, void *, size_t)");
const writev = libcFunction("long writev(int, void *, int)");
const send = libcFunction("long send(int, void *, size_t, int)");
const sendmsg = libcFunction("long sendmsg(int, void *, int)");
const sendmmsg = libcFunction("int sendmmsg(int, void *, unsigned int, int)");
const sendfile = libcFunction("long sendfile(int, int, void *, size_t)");
const splice = libcFunction("long splice(int, void *, int, void *, size_t, unsigned int)");
const pipe = libcFunction("int pipe(void *)");
const read = libcFunction("long read(int, void *, size_t)");
const readv = libcFunction("long readv(int, void *, int)");
const recv = libcFunction("long recv(int, void *, size_t, int)");
const recvmsg = libcFunction("long recvmsg(int, void *, int)");
const recvmmsg = libcFunction("int recvmmsg(int, void *, unsigned int, int, void *)");
const close = libcFunction("int close(int)");

const [AF_INET, SOCK_STREAM] = [2, 1];
const [MSG_PEEK, MSG_TRUNC] = [2, 0x20];
const BODY_BYTES = 3000;
const body = Buffer.alloc(BODY_BYTES, "b");
const into = Buffer.alloc(65_536);

const pipeEnds = new Int32Array(2);
pipe(pipeEnds);
const [pipeOut, pipeIn] = pipeEnds;
writeFileSync("body", body);

/** struct iovec[] of buffers, in so many parts. */
function vectorOf(buffer, parts) {
  const vector = Buffer.alloc(16 * parts);
  const size = Math.ceil(buffer.length / parts);
  for (let part = 0; part < parts; part++) {
    const start = Math.min(buffer.length, part * size);
    vector.writeBigUInt64LE(addressOf(buffer) + BigInt(start), part * 16);
    vector.writeBigUInt64LE(BigInt(Math.min(size, buffer.length - start)), part * 16 + 8);
  }
  return vector;
}

/** struct mmsghdr, of which the first part is a struct msghdr. */
function messageOf(vector) {
  const message = Buffer.alloc(64);
  message.writeBigUInt64LE(addressOf(vector), 16);
  message.writeBigUInt64LE(BigInt(vector.length / 16), 24);
  return message;
}

/** Calls that show what they send. */
const senders = {
  write: (fd, data) => write(fd, data, data.length),
  writev: (fd, data) => writev(fd, vectorOf(data, 7), 7),
  // More segments than one record takes, some of them empty.
  writevMany: (fd, data) => writev(fd, vectorOf(data, 40), 40),
  send: (fd, data) => send(fd, data, data.length, 0),
  sendmsg: (fd, data) => sendmsg(fd, messageOf(vectorOf(data, 3)), 0),
};

/** Those of which only the length is known, and which are given the body. */
const blindSenders = {
  sendmmsg: (fd) => sendmmsg(fd, messageOf(vectorOf(body, 2)), 1, 0),
  sendfile: (fd) => {
    const file = openSync("body", "r");
    sendfile(fd, file, null, BODY_BYTES);
    closeSync(file);
  },
  splice: (fd) => {
    writeSync(pipeIn, body);
    splice(pipeOut, null, fd, null, BODY_BYTES, 0);
  },
};

const receivers = {
  read: (fd, size) => read(fd, into, size),
  readv: (fd, size) => readv(fd, vectorOf(into.subarray(0, size), 5), 5),
  recv: (fd, size) => recv(fd, into, size, 0),
  recvmsg: (fd, size) => recvmsg(fd, messageOf(vectorOf(into.subarray(0, size), 3)), 0),
};

const blindReceivers = {
  discard: (fd, size) => recv(fd, into, size, MSG_TRUNC),
  recvmmsg: (fd, size) => {
    const message = messageOf(vectorOf(into.subarray(0, size), 2));
    recvmmsg(fd, message, 1, 0, null);
    return message.readUInt32LE(56);
  },
  splice: (fd, size) => {
    const moved = splice(fd, null, pipeIn, null, size, 0);
    read(pipeOut, into, Number(moved));
    return moved;
  },
};

console.log("ready");
await new Promise((resolve) => process.stdin.once("data", resolve));
const fd = socket(AF_INET, SOCK_STREAM, 0);
const port = Number(process.argv[2]);
connect(fd, Buffer.from([AF_INET, 0, port >> 8, port & 0xff, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), 16);
const log = [];

function head(method, path, bodyBytes) {
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bodyBytes}\r\n\r\n`);
}

/** Looks at the head until it is there as a whole, without taking it. */
function lengthOfHead() {
  for (;;) {
    const seen = Number(recv(fd, into, into.length, MSG_PEEK));
    const end = into.toString("latin1", 0, seen).indexOf("\r\n\r\n");
    if (end >= 0) return end + 4;
  }
}

function receive(receiver, wantedBytes) {
  for (let left = wantedBytes; left > 0; ) left -= Number(receiver(fd, left));
}

function exchange(method, name, sendHead, sendBody, receiveHead, receiveBody) {
  const path = `/size/${BODY_BYTES}/200/${name}`;
  const bodyBytes = sendBody === undefined ? 0 : BODY_BYTES;
  sendHead(fd, head(method, path, bodyBytes));
  sendBody?.(fd, body);
  receive(receiveHead, lengthOfHead());
  receive(receiveBody, BODY_BYTES);
  log.push([method, path, 200, bodyBytes, BODY_BYTES]);
}

for (const [name, sender] of Object.entries(senders)) {
  exchange("GET", name, sender, undefined, receivers.read, receivers.read);
  exchange("POST", name, sender, sender, receivers.read, receivers.read);
}
for (const [name, sender] of Object.entries(blindSenders)) {
  exchange("POST", name, senders.write, sender, receivers.read, receivers.read);
}
for (const [name, receiver] of Object.entries(receivers)) {
  exchange("GET", name, senders.write, undefined, receiver, receiver);
}
for (const [name, receiver] of Object.entries(blindReceivers)) {
  exchange("GET", name, senders.write, undefined, receivers.read, receiver);
}
close(fd);
console.log(JSON.stringify(log));
process.exit(0);

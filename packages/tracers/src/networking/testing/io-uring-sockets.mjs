// Moves bytes by io_uring over sockets of UDP, Unix and TCP, and to and from a file. Prints "ready", waits for a line, and
// does ROUNDS of each. Prints as JSON how many requests moved something, by what they were on: "fixed" over sockets of UDP
// that are registered with the ring, "silent" over sockets of UDP and without a completion.
import { openSync, readSync } from "node:fs";
import { FIXED_FILE, IoUring, Opcode } from "../../files/testing/io-uring.mjs";
import { libcFunction } from "../../files/testing/libc.mjs";

const socket = libcFunction("int socket(int, int, int)");
const socketpair = libcFunction("int socketpair(int, int, int, void *)");
const bind = libcFunction("int bind(int, void *, uint)");
const listen = libcFunction("int listen(int, int)");
const getsockname = libcFunction("int getsockname(int, void *, void *)");
const accept = libcFunction("int accept(int, void *, void *)");
const connect = libcFunction("int connect(int, void *, uint)");

const AF_UNIX = 1;
const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;

const rounds = Number(process.argv[2]);
const ring = new IoUring();
const buffer = Buffer.from("something");
const moved = { udp: 0, unix: 0, tcp: 0, file: 0, fixed: 0, silent: 0 };

function boundSocket(type) {
  const fd = socket(AF_INET, type, 0);
  const address = Buffer.alloc(16);
  address.writeUInt16LE(AF_INET, 0);
  address.set([127, 0, 0, 1], 4);
  bind(fd, address, 16);
  getsockname(fd, address, Buffer.from([16, 0, 0, 0]));
  return { fd, address };
}

function udpSockets() {
  const [one, other] = [boundSocket(SOCK_DGRAM), boundSocket(SOCK_DGRAM)];
  connect(one.fd, other.address, 16);
  connect(other.fd, one.address, 16);
  return [one.fd, other.fd];
}

function unixSockets() {
  const both = new Int32Array(2);
  socketpair(AF_UNIX, SOCK_STREAM, 0, both);
  return both;
}

function tcpSockets() {
  const listener = boundSocket(SOCK_STREAM);
  listen(listener.fd, 1);
  const one = socket(AF_INET, SOCK_STREAM, 0);
  connect(one, listener.address, 16);
  return [one, accept(listener.fd, null, null)];
}

function run(kind, opcode, fd, requestFlags = 0) {
  const result = ring.run({ opcode, fd, buffer, requestFlags });
  if (result !== buffer.length) throw new Error(`${kind}: ${result}`);
  moved[kind]++;
}

const [udp, unix, tcp] = [udpSockets(), unixSockets(), tcpSockets()];
const file = openSync(import.meta.filename, "r");
const nowhere = openSync("/dev/null", "w");
if (!ring.registerFiles(...udp)) throw new Error("the files cannot be registered");

console.log(JSON.stringify("ready"));
readSync(0, Buffer.alloc(1));
for (let round = 0; round < rounds; round++) {
  for (const [kind, [from, to]] of Object.entries({ udp, unix, tcp })) {
    run(kind, Opcode.send, from);
    run(kind, Opcode.recv, to);
    run(kind, Opcode.write, to);
    run(kind, Opcode.read, from);
  }
  run("fixed", Opcode.send, 0, FIXED_FILE);
  run("fixed", Opcode.recv, 1, FIXED_FILE);
  run("file", Opcode.read, file);
  run("file", Opcode.write, nowhere);
  ring.runSilently({ opcode: Opcode.send, fd: udp[0], buffer });
  moved.silent++;
  run("udp", Opcode.recv, udp[1]);
}
console.log(JSON.stringify(moved));

// Says "ready", waits for a line on its standard input, then sends datagrams many at a time over 127.0.0.1: cut by the kernel
// as a socket option says, as a control message says, and by sendmmsg(). They are received by recvmmsg(). Prints how many went
// in and came out, and ends.
import { addressOf, libcFunction } from "../../files/testing/libc.mjs";

const socket = libcFunction("int socket(int, int, int)");
const bind = libcFunction("int bind(int, void *, int)");
const connect = libcFunction("int connect(int, void *, int)");
const getsockname = libcFunction("int getsockname(int, void *, void *)");
const setsockopt = libcFunction("int setsockopt(int, int, int, void *, int)");
const send = libcFunction("long send(int, void *, size_t, int)");
const sendmsg = libcFunction("long sendmsg(int, void *, int)");
const sendmmsg = libcFunction("int sendmmsg(int, void *, unsigned int, int)");
const recvmmsg = libcFunction("int recvmmsg(int, void *, unsigned int, int, void *)");

const [AF_INET, SOCK_DGRAM, SOL_UDP, UDP_SEGMENT, MSG_DONTWAIT] = [2, 2, 17, 103, 0x40];
const SEGMENT_BYTES = 500;
const payload = Buffer.alloc(2300, "u");

console.log("ready");
await new Promise((resolve) => process.stdin.once("data", resolve));
const [sender, receiver] = [socket(AF_INET, SOCK_DGRAM, 0), socket(AF_INET, SOCK_DGRAM, 0)];
const address = Buffer.from([AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
bind(receiver, address, 16);
getsockname(receiver, address, new Int32Array([16]));
connect(sender, address, 16);

const segment = new Int32Array([SEGMENT_BYTES]);
setsockopt(sender, SOL_UDP, UDP_SEGMENT, segment, 4);
send(sender, payload, payload.length, 0); // 5
setsockopt(sender, SOL_UDP, UDP_SEGMENT, new Int32Array([0]), 4);

const vector = Buffer.alloc(16);
vector.writeBigUInt64LE(addressOf(payload));
vector.writeBigUInt64LE(BigInt(payload.length), 8);
const control = Buffer.alloc(24);
control.writeBigUInt64LE(18n);
control.writeInt32LE(SOL_UDP, 8);
control.writeInt32LE(UDP_SEGMENT, 12);
control.writeUInt16LE(SEGMENT_BYTES, 16);
const message = Buffer.alloc(64);
message.writeBigUInt64LE(addressOf(vector), 16);
message.writeBigUInt64LE(1n, 24);
message.writeBigUInt64LE(addressOf(control), 32);
message.writeBigUInt64LE(24n, 40);
sendmsg(sender, message, 0); // 5

message.fill(0, 32, 48);
sendmmsg(sender, Buffer.concat([message, message, message]), 3, 0); // 3

const into = Buffer.alloc(65_536);
vector.writeBigUInt64LE(addressOf(into));
vector.writeBigUInt64LE(BigInt(into.length), 8);
const messages = Buffer.concat(Array.from({ length: 16 }, () => message));
let received = 0;
for (let got = 1; got > 0; received += Math.max(0, got)) got = recvmmsg(receiver, messages, 16, MSG_DONTWAIT, null);
console.log(JSON.stringify({ datagrams: 13, bytes: 5 * payload.length, received }));
process.exit(0);

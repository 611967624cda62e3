// Says "ready", waits for a line on its standard input, then does what its first argument names in the network namespace
// that it is alone in. Prints what the kernel counted meanwhile, as JSON, and ends.
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { setTimeout } from "node:timers/promises";

const [, , scenario, ...args] = process.argv;

/** Datagrams to a socket that takes them all; over IPv4 and IPv6, with sizes that come in fragments, too. */
async function datagrams() {
  for (const [type, address] of [
    ["udp4", "127.0.0.1"],
    ["udp6", "::1"],
  ]) {
    const receiver = createSocket(type);
    const count = 100;
    let received = 0;
    const all = new Promise((resolve) => {
      receiver.on("message", () => {
        if (++received === 2 * count) resolve();
      });
    });
    receiver.bind(7001, address);
    await once(receiver, "listening");
    const sender = createSocket(type);
    sender.connect(7001, address);
    await once(sender, "connect");
    for (let sent = 0; sent < count; sent++) {
      sender.send(Buffer.alloc(100));
      // Goes in three fragments where the MTU is 1,500.
      sender.send(Buffer.alloc(4000));
      await setTimeout(1);
    }
    await all;
    sender.close();
    receiver.close();
  }
}

/** So many bytes by TCP, and as many back. */
async function stream() {
  const bytes = Number(args[0]);
  for (const host of ["127.0.0.1", "::1"]) {
    const server = createServer((socket) => socket.pipe(socket));
    server.listen(7002, host);
    await once(server, "listening");
    const socket = connect(7002, host);
    let received = 0;
    socket.on("data", (data) => {
      received += data.length;
      if (received === bytes) socket.end();
    });
    const chunk = Buffer.alloc(64 * 1024);
    for (let sent = 0; sent < bytes; sent += chunk.length) {
      if (!socket.write(chunk.subarray(0, Math.min(chunk.length, bytes - sent)))) await once(socket, "drain");
    }
    await once(socket, "close");
    server.close();
    await once(server, "close");
  }
}

/** Nobody listens. */
async function refused() {
  for (const [type, address] of [
    ["udp4", "127.0.0.1"],
    ["udp6", "::1"],
  ]) {
    const sender = createSocket(type);
    for (let sent = 0; sent < 20; sent++) await new Promise((resolve) => sender.send("x", 7003, address, resolve));
    sender.close();
  }
}

/** More than the receiver has room for, while it looks away. */
async function overflow() {
  const receiver = createSocket({ type: "udp4", recvBufferSize: 4096 });
  receiver.bind(7004, "127.0.0.1");
  await once(receiver, "listening");
  const sender = createSocket("udp4");
  sender.connect(7004, "127.0.0.1");
  await once(sender, "connect");
  // All in one turn of the event loop.
  for (let sent = 0; sent < 100; sent++) sender.send(Buffer.alloc(1000));
  await setTimeout(100);
  sender.close();
  receiver.close();
}

/** Connections to a server that accepts none: of those beyond its queue the SYN is sent again. */
async function full() {
  const server = createServer();
  server.listen({ port: 7005, host: "127.0.0.1", backlog: 1 });
  await once(server, "listening");
  spawnSync(process.execPath, [
    "-e",
    `for (let i = 0; i < 5; i++) require("net").connect(7005, "127.0.0.1").on("error", () => 0); setTimeout(() => process.exit(), 3500)`,
  ]);
  server.close();
}

/** Many small requests and answers. */
async function pingPong() {
  const server = createServer((socket) => socket.setNoDelay().pipe(socket));
  server.listen(7006, "127.0.0.1");
  await once(server, "listening");
  const socket = connect(7006, "127.0.0.1").setNoDelay();
  for (let round = 0; round < 100; round++) {
    socket.write("x");
    await once(socket, "data");
  }
  socket.end();
  await once(socket, "close");
  server.close();
}

/** To so many ports that nobody listens at. */
async function scatter() {
  const sender = createSocket("udp4");
  for (let port = 0; port < Number(args[0]); port++) {
    await new Promise((resolve) => sender.send("x", 10_000 + port, "127.0.0.1", resolve));
  }
  sender.close();
}

/** Counters of this network namespace: `lo rx packets`, `Tcp OutSegs`, `Udp6InDatagrams` and their like. */
function counters() {
  const [, rxBytes, rxPackets, txBytes, txPackets] = /^ *lo: *(\d+) +(\d+) .*? (\d+) +(\d+)(?: +\d+){6}$/m.exec(
    readFileSync("/proc/self/net/dev", "latin1"),
  );
  const counted = { rxBytes, rxPackets, txBytes, txPackets };
  const lines = readFileSync("/proc/self/net/snmp", "latin1").trim().split("\n");
  for (let line = 0; line < lines.length; line += 2) {
    const [group, ...names] = lines[line].split(/ +/);
    const [, ...values] = lines[line + 1].split(/ +/);
    for (const [index, name] of names.entries()) counted[`${group.slice(0, -1)}${name}`] = values[index];
  }
  for (const [, name, value] of readFileSync("/proc/self/net/snmp6", "latin1").matchAll(/^(\S+)\s+(\d+)$/gm)) {
    counted[name] = value;
  }
  return Object.fromEntries(Object.entries(counted).map(([name, value]) => [name, Number(value)]));
}

console.log("ready");
await once(process.stdin, "data");
process.stdin.unref();
const before = counters();
await { datagrams, stream, refused, overflow, full, pingPong, scatter }[scenario]();
// What was refused, or is acknowledged, is so in the same instant; a last acknowledgement is not.
await setTimeout(300);
const after = counters();
console.log(
  JSON.stringify(Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]]))),
);
process.exit();

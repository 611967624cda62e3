// Says "ready", waits for a line on its standard input, then sends datagrams from one socket to another, over IPv4 and IPv6,
// connected and not. Prints for each pair which ports it had and what it has sent and received, as JSON, and ends.
import { createSocket } from "node:dgram";

console.log("ready");
await new Promise((resolve) => process.stdin.once("data", resolve));
const pairs = [];
for (const [type, host] of [
  ["udp4", "127.0.0.1"],
  ["udp6", "::1"],
]) {
  for (const connected of [true, false]) pairs.push(await exchange(type, host, connected));
}
console.log(JSON.stringify(pairs));
process.exit(0);

async function exchange(type, host, connected) {
  const receiver = createSocket(type);
  const sender = createSocket(type);
  let received = 0;
  let receivedBytes = 0;
  let sentBytes = 0;
  let arrived = () => undefined;
  receiver.on("message", (message) => {
    received++;
    receivedBytes += message.length;
    arrived();
  });
  await new Promise((resolve) => receiver.bind(0, host, resolve));
  await new Promise((resolve) => sender.bind(0, host, resolve));
  const { port } = receiver.address();
  if (connected) await new Promise((resolve) => sender.connect(port, host, resolve));
  const count = 200;
  for (let index = 0; index < count; index++) {
    const message = Buffer.alloc((index * 37) % 1400);
    sentBytes += message.length;
    const arrival = new Promise((resolve) => {
      arrived = resolve;
    });
    if (connected) sender.send(message);
    else sender.send(message, port, host);
    await arrival;
  }
  const ports = [sender.address().port, port];
  sender.close();
  receiver.close();
  return { host, connected, ports, sent: count, sentBytes, received, receivedBytes };
}

// A name server at port 53 of the address that is its argument, over UDP and TCP. What it answers is said by the name that is
// asked for: "missing..." is not there, "large..." has to be asked for over TCP, "silent..." gets no answer; others have the
// address 192.0.2.1.
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { parseDnsMessage } from "../dns/dns-message.ts";
import { encodeMessage, pointer, RESPONSE, TYPES, withLength } from "../dns/testing/dns-encoder.ts";

const TRUNCATED = 0x0200;
const NXDOMAIN = 3;
const [, , host] = process.argv;

function answer(query, overTcp) {
  const { id, questions } = parseDnsMessage(query);
  const [{ name, type }] = questions;
  if (name.startsWith("silent")) return undefined;
  const asked = [[name, TYPES[type]]];
  if (name.startsWith("missing")) return encodeMessage({ id, flags: RESPONSE | NXDOMAIN, questions: asked });
  if (name.startsWith("large") && !overTcp) return encodeMessage({ id, flags: RESPONSE | TRUNCATED, questions: asked });
  const answers = type === "A" ? [{ name: pointer(12), type: TYPES.A, data: [192, 0, 2, 1] }] : [];
  return encodeMessage({ id, flags: RESPONSE, questions: asked, answers });
}

const udp = createSocket("udp4", (query, { address, port }) => {
  const message = answer(query, false);
  if (message !== undefined) udp.send(message, port, address);
});
const tcp = createServer((socket) => {
  let held = Buffer.alloc(0);
  socket.on("error", () => undefined);
  socket.on("data", (data) => {
    held = Buffer.concat([held, data]);
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const message = answer(held.subarray(2, 2 + held.readUInt16BE(0)), true);
      held = held.subarray(2 + held.readUInt16BE(0));
      if (message !== undefined) socket.write(withLength(message));
    }
  });
});
udp.bind(53, host, () => tcp.listen(53, host, () => console.log("ready")));

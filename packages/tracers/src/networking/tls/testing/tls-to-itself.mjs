// Two ends of TLS in one process, with no socket between them: says "ready", waits for a line on its standard input, then
// makes requests of HTTP from one end to the other for so many milliseconds, one after the other, and is never idle. Prints
// how many.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { duplexPair } from "node:stream";
import { connect, TLSSocket } from "node:tls";

const [, , folder, durationMs] = process.argv;
const [key, cert] = ["key.pem", "cert.pem"].map((name) => readFileSync(join(folder, name)));
const [one, other] = duplexPair();
const server = new TLSSocket(other, { isServer: true, key, cert });
const client = connect({ socket: one, rejectUnauthorized: false });

let count = 0;
let untilMs = 0;

function ask() {
  client.write(`GET /${process.pid}-${count} HTTP/1.1\r\nhost: itself\r\n\r\n`);
}

server.on("data", () => server.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"));
client.on("data", () => {
  count++;
  if (Date.now() < untilMs) return ask();
  process.stdout.write(`${count}\n`, () => process.exit());
});
client.on("secureConnect", () => process.stdout.write("ready\n"));
process.stdin.once("data", () => {
  untilMs = Date.now() + Number(durationMs);
  ask();
});

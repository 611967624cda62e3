// A server of HTTP/2 without TLS, on a port of 127.0.0.1 that its first line names. The path of a request says what it is
// answered with: /size/BYTES/STATUS. The first ones, as many as its argument says, wait: it says "held" when all of these are
// there, and answers them when it gets a line on its standard input. With the next line it prints the others, as
// http-client.mjs does, and ends.
import { createServer } from "node:http2";

const filler = Buffer.alloc(1024 * 1024, "x");
const log = [];
const held = [];
let toHold = Number(process.argv[2]);

const server = createServer();
server.on("stream", async (stream, headers) => {
  const { ":method": method, ":path": path } = headers;
  const [, , size, status] = path.split("/").map(Number);
  const isHeld = toHold > 0;
  if (isHeld) {
    const released = new Promise((resolve) => held.push(resolve));
    if (--toHold === 0) console.log("held");
    await released;
  }
  let requestBytes = 0;
  for await (const data of stream) requestBytes += data.length;
  if (!isHeld) log.push([method, path, status, requestBytes, size]);
  stream.respond({ ":status": status });
  stream.end(filler.subarray(0, size));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));

await line();
for (const release of held) release();
await line();
process.stdout.write(`${JSON.stringify(log)}\n`, () => process.exit(0));

function line() {
  return new Promise((resolve) => process.stdin.once("data", resolve));
}

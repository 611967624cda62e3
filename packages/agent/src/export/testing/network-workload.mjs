/**
 * A server and its client in one process. On each line of its standard input, `METHOD PATH COUNT`, it sends so many requests, one
 * after the other, over a connection that it keeps; the server answers a path that begins with /fail with 503, /missing with 404. The
 * first line that it writes is its port, and then one for each line that is done.
 */
import { once } from "node:events";
import { writeSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import { createInterface } from "node:readline";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const server = createServer((incoming, response) => {
  incoming.resume();
  const status = incoming.url.startsWith("/fail") ? 503 : incoming.url.startsWith("/missing") ? 404 : 200;
  response.writeHead(status, { "content-type": "text/plain" }).end("x".repeat(100));
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address();
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

async function send(method, path) {
  const headers = path.startsWith("/traced") ? { traceparent: TRACEPARENT } : {};
  const sent = request({ host: "127.0.0.1", port, method, path, agent, headers });
  sent.end();
  const [response] = await once(sent, "response");
  response.resume();
  await once(response, "end");
}

writeSync(1, `${port}\n`);
for await (const line of createInterface(process.stdin)) {
  const [method, path, count] = line.split(" ");
  for (let index = 0; index < Number(count); index++) await send(method, path.replace("#", String(10_000 + index)));
  writeSync(1, "done\n");
}

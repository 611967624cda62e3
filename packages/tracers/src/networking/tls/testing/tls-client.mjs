// Says "ready", waits for a line on its standard input, then makes so many requests over each of so many connections, all at
// once, to these ports in turn. Prints each one as JSON, when all are answered: [path, local port, port of the server]
import { connect } from "node:http2";
import { Agent, request as httpsRequest } from "node:https";

const [, , kind, connections, requests, ports] = process.argv;
const targets = JSON.parse(ports);
const log = [];

/** Bodies of all sizes: within one TLS record, in several, in several reads. */
function pathOf(connection, request) {
  return `/${process.pid}-${connection}-${request}/${[0, 12, 1500, 17_000, 100_000][(connection + request) % 5]}`;
}

async function overHttp1(connection) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  const port = targets[connection % targets.length];
  for (let index = 0; index < Number(requests); index++) {
    const path = pathOf(connection, index);
    await new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port, path, agent, method: index % 4 === 3 ? "POST" : "GET" };
      const request = httpsRequest(options, (response) => {
        const { localPort } = response.socket;
        response.resume();
        response.on("end", () => {
          log.push([path, localPort, port]);
          resolve();
        });
      });
      request.on("error", reject);
      request.end(options.method === "POST" ? Buffer.alloc(index * 1000, "b") : undefined);
    });
  }
  agent.destroy();
}

async function overHttp2(connection) {
  const port = targets[connection % targets.length];
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  const one = (index) =>
    new Promise((resolve, reject) => {
      const path = pathOf(connection, index);
      const stream = session.request({ ":path": path });
      stream.resume();
      stream.on("error", reject);
      stream.on("end", () => {
        log.push([path, session.socket.localPort, port]);
        resolve();
      });
      stream.end();
    });
  await Promise.all(Array.from({ length: Number(requests) }, (_, index) => one(index)));
  await new Promise((resolve) => session.close(resolve));
}

/** Until it is killed; a line for each 50 requests. */
async function endless() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  for (let count = 1; ; count++) {
    await new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port: targets[0], path: "/endless/10", agent };
      const request = httpsRequest(options, (response) => response.resume().on("end", resolve));
      request.on("error", reject);
      request.end();
    });
    if (count % 50 === 0) process.stdout.write(`${count}\n`);
  }
}

process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.pause();
if (kind === "endless") await endless();
await Promise.all(
  Array.from({ length: Number(connections) }, (_, index) => (kind === "h2" ? overHttp2(index) : overHttp1(index))),
);
process.stdout.write(`${JSON.stringify(log)}\n`);

// Serves HTTPS at so many ports, by one process: "https" for HTTP/1.1 or "h2" for HTTP/2. Prints the ports as JSON.
// GET /name/BYTES answers with so many bytes.
import { readFileSync } from "node:fs";
import { createSecureServer } from "node:http2";
import { createServer } from "node:https";
import { join } from "node:path";

const [, , kind, folder, count] = process.argv;
const identity = { key: readFileSync(join(folder, "key.pem")), cert: readFileSync(join(folder, "cert.pem")) };
const filler = Buffer.alloc(1024 * 1024, "z");

function answer(request, response) {
  request.resume();
  request.on("end", () => response.end(filler.subarray(0, Number(request.url.split("/").at(-1)))));
}

const servers = Array.from({ length: Number(count) }, () =>
  // A client in an emulated machine may take longer than 5 s from one request to the next.
  kind === "h2" ? createSecureServer(identity, answer) : createServer({ ...identity, keepAliveTimeout: 0 }, answer),
);
const ports = await Promise.all(
  servers.map(
    (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port))),
  ),
);
process.stdout.write(`${JSON.stringify(ports)}\n`);

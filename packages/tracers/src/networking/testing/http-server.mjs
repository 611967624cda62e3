// A server of HTTP on a port of 127.0.0.1, or the Unix socket that its argument names. Its first line says which port. The
// path of a request says what it answers:
//
//   /size/BYTES/STATUS...     a body with a length
//   /chunked/BYTES/STATUS...  a body in chunks
//   /hang                     nothing
//   /until-close/BYTES        a body of HTTP/1.0 that ends with the connection
//   /sendfile/BYTES           a body that goes by sendfile(2)
import { closeSync, openSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { libcFunction } from "../../files/testing/libc.mjs";

const CHUNK_BYTES = 16_384;
const filler = Buffer.alloc(5 * 1024 * 1024, "x");

const server = createServer(async (request, response) => {
  for await (const _ of request) {
    // The whole body comes before the answer.
  }
  const [, kind, size, status = "200"] = new URL(request.url, "http://localhost").pathname.split("/");
  const sizeBytes = Number(size);
  response.statusCode = Number(status);
  switch (kind) {
    case "size":
      response.setHeader("content-length", sizeBytes);
      response.end(request.method === "HEAD" ? undefined : filler.subarray(0, sizeBytes));
      break;
    case "chunked":
      for (let at = 0; at < sizeBytes; at += CHUNK_BYTES) {
        const chunk = filler.subarray(at, Math.min(at + CHUNK_BYTES, sizeBytes));
        if (!response.write(chunk)) await new Promise((resolve) => response.once("drain", resolve));
      }
      response.end();
      break;
    case "until-close":
      request.socket.end(`HTTP/1.0 200 OK\r\n\r\n${"y".repeat(sizeBytes)}`);
      break;
    case "sendfile":
      sendFile(request.socket, sizeBytes);
      break;
    case "hang":
      break;
    default:
      response.end();
  }
});
server.keepAliveTimeout = 0;
server.requestTimeout = 0;

function sendFile(socket, sizeBytes) {
  const sendfile = libcFunction("long sendfile(int, int, void *, size_t)");
  const path = `sent-${sizeBytes}`;
  const written = openSync(path, "w");
  writeSync(written, filler, 0, sizeBytes);
  closeSync(written);
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${sizeBytes}\r\n\r\n`, () => {
    const file = openSync(path, "r");
    const send = (leftBytes) => {
      // The socket does not block: what it has no room for goes later.
      const sent = Number(sendfile(socket._handle.fd, file, null, leftBytes));
      const left = leftBytes - Math.max(0, sent);
      if (left > 0) setTimeout(send, 1, left);
      else closeSync(file);
    };
    send(sizeBytes);
  });
}

server.listen(...(process.argv[2] === undefined ? [0, "127.0.0.1"] : [process.argv[2]]), () => {
  console.log(JSON.stringify(server.address().port ?? 0));
});
process.stdin.on("data", () => process.exit(0));

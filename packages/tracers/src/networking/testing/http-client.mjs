// Says "ready", waits for a line on its standard input, then does what its first argument names with the server at the port
// or Unix socket that is its second one. Prints the requests that it made, as JSON, and ends:
// [method, path, status, bytes of the request's body, bytes of the response's body]
import { closeSync, existsSync, openSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";

const [, , scenario, target, ...rest] = process.argv;
const address = target.startsWith("/") ? { socketPath: target } : { host: "127.0.0.1", port: Number(target) };
/** include/uapi/asm-generic/fcntl.h */
const O_PATH = 0o10000000;
const filler = Buffer.alloc(5 * 1024 * 1024, "z");
const log = [];

function ask(agent, method, path, bodyBytes, chunked) {
  const headers = bodyBytes > 0 && !chunked ? { "content-length": bodyBytes } : {};
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...address, agent, method, path, headers }, (response) => {
      let bytes = 0;
      response.on("data", (data) => {
        bytes += data.length;
      });
      response.on("end", () => {
        log.push([method, path, response.statusCode, bodyBytes, bytes]);
        resolve();
      });
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(bodyBytes > 0 ? filler.subarray(0, bodyBytes) : undefined);
  });
}

/** Always the same numbers: what a test sees, another run sees as well. */
function* pseudoRandom() {
  for (let state = 12_345; ; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield (state >>> 8) / 2 ** 24;
  }
}

const random = pseudoRandom();
const below = (limit) => Math.floor(random.next().value * limit);
const oneOf = (values) => values[below(values.length)];

function someBytes(most) {
  const kind = random.next().value;
  if (kind < 0.3) return 0;
  if (kind < 0.95) return below(Math.min(most, 3000));
  return below(kind < 0.998 ? Math.min(most, 200_000) : most);
}

/** So many requests over so many connections, each of which has the next one as soon as it is answered. */
async function many() {
  const [count, connections, most] = rest.map(Number);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let left = count;
  const one = async () => {
    while (left-- > 0) {
      const method = oneOf(["GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]);
      const status = oneOf([200, 200, 200, 201, 204, 304, 404, 500, 503]);
      const hasNoBody = method === "HEAD" || status === 204 || status === 304;
      const size = hasNoBody ? 0 : someBytes(most);
      const body = method === "POST" || method === "PUT" || method === "PATCH" ? someBytes(most) : 0;
      const kind = hasNoBody ? "size" : oneOf(["size", "chunked"]);
      await ask(agent, method, `/${kind}/${size}/${status}/${below(50)}`, body, oneOf([true, false]));
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  agent.destroy();
}

/** A connection of which the bytes are our own. */
class RawConnection {
  #socket;
  #received = "";
  #wake = () => undefined;

  constructor() {
    this.#socket = connect("host" in address ? address : { path: target });
    this.#socket.setNoDelay(true);
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (data) => {
      this.#received += data;
      this.#wake();
    });
    this.#socket.on("close", () => this.#wake());
  }

  get received() {
    return this.#received;
  }

  send(text) {
    return new Promise((resolve) => this.#socket.write(text, "latin1", resolve));
  }

  async until(condition) {
    while (!condition(this.#received) && !this.#socket.closed) {
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  destroy() {
    this.#socket.destroy();
  }

  reset() {
    this.#socket.resetAndDestroy();
  }
}

const bodiesEnd = (count) => (text) => text.split("\r\n\r\nxxx").length > count;

function headOf(method, path) {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: raw\r\n\r\n`;
}

/** 1 to 32 requests in one go, on one connection. */
async function pipelined() {
  const connection = new RawConnection();
  await connection.send("");
  let total = 0;
  for (let depth = 1; depth <= 32; depth++) {
    const paths = Array.from({ length: depth }, (_, index) => `/size/3/${200 + (index % 3)}/${depth}`);
    await connection.send(paths.map((path) => headOf("GET", path)).join(""));
    total += depth;
    await connection.until(bodiesEnd(total));
    for (const [index, path] of paths.entries()) log.push(["GET", path, 200 + (index % 3), 0, 3]);
  }
  connection.destroy();
}

/** A head in two parts, for each place where it can be cut; every other time on a connection of its own. */
async function split() {
  const length = headOf("GET", "/size/3/200/000").length;
  let connection = new RawConnection();
  let total = 0;
  for (let cut = 1; cut < length; cut++) {
    if (cut % 2 === 1) {
      connection.destroy();
      connection = new RawConnection();
      total = 0;
    }
    const path = `/size/3/200/${String(cut).padStart(3, "0")}`;
    const head = headOf("GET", path);
    await connection.send(head.slice(0, cut));
    await setTimeout(2);
    await connection.send(head.slice(cut));
    await connection.until(bodiesEnd(++total));
    log.push(["GET", path, 200, 0, 3]);
  }
  connection.destroy();
}

/** Three that are given up: by closing, by resetting, and by ending the process. */
async function aborted() {
  for (const end of ["destroy", "reset", "keep"]) {
    const connection = new RawConnection();
    await connection.send(headOf("GET", `/hang/${end}`));
    await setTimeout(50);
    if (end !== "keep") connection[end]();
    await setTimeout(50);
    log.push(["GET", `/hang/${end}`, null, 0, null]);
  }
}

/** One after the other on one connection, or each on its own. */
async function paths(keepAlive) {
  const agent = new Agent({ keepAlive, maxSockets: 1 });
  for (const path of rest) await ask(agent, "GET", path, 0, false);
  agent.destroy();
}

/** A connection that is there, and was used, before it is let go. */
async function early() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await ask(agent, "GET", "/size/10/200/early", 0, false);
  log.length = 0;
  await released();
  for (let index = 0; index < 10; index++) await ask(agent, "GET", `/size/10/200/${index}`, 0, false);
  agent.destroy();
}

/** Closes a descriptor that stands for the socket's path, once a file is there: its standard input is a socket as well. */
async function path() {
  const descriptor = openSync(target, O_PATH);
  console.log("ready");
  while (!existsSync(rest[0])) await setTimeout(20);
  closeSync(descriptor);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await ask(agent, "GET", "/size/10/200", 0, false);
  agent.destroy();
}

function released() {
  console.log("ready");
  return new Promise((resolve) => process.stdin.once("data", resolve));
}

const scenarios = { many, pipelined, split, aborted, paths: () => paths(true), apart: () => paths(false), early, path };
if (!["early", "path"].includes(scenario)) await released();
await scenarios[scenario]();
// What does not fit into the pipe at once would be lost at the end of the process.
process.stdout.write(`${JSON.stringify(log)}\n`, () => process.exit(0));

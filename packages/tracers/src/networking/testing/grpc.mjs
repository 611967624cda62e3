// gRPC, of bytes and not of messages: `serve` says its port, and ends with a line on its standard input. `ask PORT` makes 100
// calls on 10 connections, half of which it opens and uses before it says "ready" and waits for a line. On one of these a call
// is under way then, and ends later. Prints the 100 calls as JSON, and ends:
// [method, its status or null where it was given up, whether its connection was there before, port of the connection]
//
// Each call has a method of its own: what it is to do, and a number.
import { Client, credentials, Metadata, Server, ServerCredentials, status } from "@grpc/grpc-js";

const SERVICE = "/skep.test.Calls/";
const CONNECTIONS = 10;
const CALLS = 100;
const MESSAGES = 5;
const message = Buffer.alloc(500, "m");
const same = (bytes) => bytes;

/** What a method does: does the client, does the server send many messages, and how the server answers. */
const kinds = {
  Unary: [false, false, (call, callback) => callback(null, call.request, portOf(call))],
  Down: [false, true, answerMany],
  Up: [true, false, (call, callback) => drain(call, () => callback(null, message, portOf(call)))],
  Both: [true, true, (call) => drain(call, () => answerMany(call))],
  // Nothing but trailers.
  Missing: [
    false,
    false,
    (call, callback) => callback({ code: status.NOT_FOUND, details: "none", metadata: portOf(call) }),
  ],
  // After some messages.
  Broken: [
    false,
    true,
    (call) => {
      call.sendMetadata(portOf(call));
      call.write(message);
      call.emit("error", { code: status.DATA_LOSS, details: "lost" });
    },
  ],
  // The client resets it as soon as the head of the answer is there.
  Endless: [false, true, (call) => call.sendMetadata(portOf(call))],
};
const names = Object.keys(kinds);

function portOf(call) {
  const metadata = new Metadata();
  metadata.set("port", call.getPeer().split(":").at(-1));
  return metadata;
}

function drain(call, then) {
  call.on("data", () => undefined);
  call.on("end", then);
}

function answerMany(call) {
  call.sendMetadata(portOf(call));
  for (let index = 0; index < MESSAGES; index++) call.write(message);
  call.end();
}

async function serve() {
  const server = new Server();
  const definitions = {};
  const handlers = {};
  for (let number = -CONNECTIONS; number < CALLS; number++) {
    for (const [kind, [requestStream, responseStream, handler]] of Object.entries(kinds)) {
      const name = `${kind}${number}`;
      definitions[name] = {
        path: SERVICE + name,
        requestStream,
        responseStream,
        requestSerialize: same,
        requestDeserialize: same,
        responseSerialize: same,
        responseDeserialize: same,
      };
      handlers[name] = handler;
    }
  }
  server.addService(definitions, handlers);
  const port = await new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  console.log(port);
  process.stdin.once("data", () => process.exit(0));
}

/** Begins a call. Its end is a promise of its status and its connection's port. */
function begin(client, name) {
  const [clientSendsMany, serverSendsMany] = kinds[/^[A-Z][a-z]+/.exec(name)[0]];
  const path = SERVICE + name;
  const ignored = () => undefined;
  let call;
  if (clientSendsMany) {
    call = serverSendsMany
      ? client.makeBidiStreamRequest(path, same, same)
      : client.makeClientStreamRequest(path, same, same, ignored);
  } else {
    call = serverSendsMany
      ? client.makeServerStreamRequest(path, same, same, message)
      : client.makeUnaryRequest(path, same, same, message, ignored);
  }
  const ended = new Promise((resolve) => {
    let port;
    call.on("metadata", (metadata) => {
      [port] = metadata.get("port");
      if (name.startsWith("Endless")) call.cancel();
    });
    if (serverSendsMany) call.on("data", ignored);
    call.on("error", ignored);
    call.on("status", ({ code, metadata }) => resolve({ code, port: Number(port ?? metadata.get("port")[0]) }));
  });
  return { call, ended };
}

function sendMany({ call }) {
  for (let index = 0; index < MESSAGES; index++) call.write(message);
  call.end();
}

async function ask(client, isEarly, name) {
  const begun = begin(client, name);
  if (kinds[/^[A-Z][a-z]+/.exec(name)[0]][0]) sendMany(begun);
  const { code, port } = await begun.ended;
  return [SERVICE.slice(1) + name, name.startsWith("Endless") ? null : code, isEarly, port];
}

async function client(port) {
  const clients = Array.from(
    { length: CONNECTIONS },
    // Clients of one process and one server share their connections otherwise.
    () => new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 }),
  );
  const early = clients.slice(0, CONNECTIONS / 2);
  for (const [index, each] of early.entries()) await ask(each, true, `Unary${-1 - index}`);
  const underWay = begin(early[0], `Up${-CONNECTIONS}`);
  underWay.call.write(message);
  // What is under way before it has reached the server, with this.
  await ask(early[0], true, `Unary${-CONNECTIONS}`);
  console.log("ready");
  await new Promise((resolve) => process.stdin.once("data", resolve));
  const calls = Array.from({ length: CALLS }, (_, number) => {
    const index = number % CONNECTIONS;
    return ask(clients[index], index < early.length, `${names[number % names.length]}${number}`);
  });
  sendMany(underWay);
  await underWay.ended;
  const log = await Promise.all(calls);
  process.stdout.write(`${JSON.stringify(log)}\n`, () => process.exit(0));
}

const [, , role, port] = process.argv;
await (role === "serve" ? serve() : client(port));

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createAuthority, createIdentity } from "../../../otlp/src/testing/certificates.ts";
import { fetchPods } from "./kubelet.ts";
import { PodDirectory } from "./pod-directory.ts";

const ID = "c".repeat(64);
const PODS = JSON.stringify({
  items: [{ metadata: { name: "shop" }, status: { containerStatuses: [{ containerID: `containerd://${ID}` }] } }],
});

const folder = mkdtempSync(join(tmpdir(), "skep-kubelet-"));
after(() => rmSync(folder, { recursive: true }));

async function listen(server: Server): Promise<AsyncDisposable & { readonly port: number }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Plain HTTP, as the port without authentication speaks it. */
function kubelet(answer: RequestListener) {
  return listen(createServer(answer));
}

test("the pods of a kubelet are asked for at /pods", async () => {
  const paths: unknown[] = [];
  await using server = await kubelet((request, response) => {
    paths.push([request.method, request.url]);
    response.end(PODS);
  });
  const containers = await fetchPods({ url: `http://127.0.0.1:${server.port}` });
  assert.deepEqual(paths, [["GET", "/pods"]]);
  assert.deepEqual([...containers.keys()], [ID]);
});

const answers: readonly [what: string, answer: RequestListener, message: RegExp][] = [
  ["refuses", (_, response) => response.writeHead(403).end("Forbidden"), /^it answers 403 Forbidden$/],
  ["breaks off", (_, response) => response.destroy(), /socket hang up/],
  ["answers something else", (_, response) => response.end('{"kind":"Status"}'), /^the answer is not a list of pods$/],
  ["does not answer", () => undefined, /^no answer within 50 ms$/],
  ["does not finish its answer", (_, response) => response.write("{"), /^no answer within 50 ms$/],
];

for (const [what, answer, message] of answers) {
  test(`a kubelet that ${what} is an error`, async () => {
    await using server = await kubelet(answer);
    // Only those that it takes are to run into it.
    const timeoutMs = String(message).includes("50 ms") ? 50 : 60_000;
    await assert.rejects(fetchPods({ url: `http://127.0.0.1:${server.port}`, timeoutMs }), { message });
  });
}

test("over TLS the token is sent, to a kubelet with a certificate of the cluster alone", async () => {
  const authority = createAuthority("cluster");
  const { certificate, key } = createIdentity("127.0.0.1", authority);
  const tokens: unknown[] = [];
  await using server = await listen(
    createSecureServer({ cert: certificate, key }, (request, response) => {
      tokens.push(request.headers.authorization);
      response.end(PODS);
    }),
  );
  const path = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const settings = {
    url: `https://127.0.0.1:${server.port}`,
    tokenPath: path("token", "secret\n"),
    certificateAuthorityPath: path("ca.crt", authority.certificate),
  };
  assert.deepEqual([...(await fetchPods(settings)).keys()], [ID]);
  assert.deepEqual(tokens, ["Bearer secret"]);

  const stranger = { ...settings, certificateAuthorityPath: path("other.crt", createAuthority("other").certificate) };
  await assert.rejects(fetchPods(stranger), /certificate/);
  assert.equal(tokens.length, 1);
  assert.equal((await fetchPods({ ...stranger, skipVerification: true })).size, 1);

  await assert.rejects(fetchPods({ ...settings, tokenPath: join(folder, "none") }), /none cannot be read$/);
});

test("a kubelet is asked when a container turns up that is not known, and not again at once", async () => {
  let requests = 0;
  await using server = await kubelet((_, response) => {
    requests += 1;
    response.end(PODS);
  });
  const directory = new PodDirectory({ fetch: () => fetchPods({ url: `http://127.0.0.1:${server.port}` }) });
  assert.equal(directory.find(ID), undefined);
  assert.equal(directory.revision, 0);
  await directory.refresh();
  assert.equal(directory.find(ID)?.serviceName, "shop");
  assert.equal(directory.revision, 1);
  assert.equal(directory.find("d".repeat(64)), undefined);
  await directory.refresh();
  assert.equal(requests, 1);
});

test("a kubelet that fails is told of once, what was known stays, and it is asked again", async () => {
  const problems: string[] = [];
  const outcomes = [
    new Error("down"),
    new Error("down"),
    new Map([[ID, { attributes: {}, serviceName: "shop" }]]),
    new Error("down"),
  ];
  const directory = new PodDirectory({
    minimumIntervalMs: 0,
    onProblem: (message) => problems.push(message),
    fetch: async () => {
      const outcome = outcomes.shift();
      if (outcome instanceof Map) return outcome;
      throw outcome;
    },
  });
  await directory.refresh();
  await directory.refresh();
  assert.deepEqual(problems, ["the kubelet does not tell of its pods: down"]);
  await directory.refresh();
  assert.equal(directory.find(ID)?.serviceName, "shop");
  await directory.refresh();
  assert.equal(problems.length, 2);
  assert.equal(directory.find(ID)?.serviceName, "shop");
});

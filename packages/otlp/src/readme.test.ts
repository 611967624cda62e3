import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { decodeProtobuf, namesIn } from "./testing/decode.ts";
import { HttpReceiver, OK } from "./testing/http-receiver.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

const PACKAGE = new URL("../", import.meta.url);
const readme = readFileSync(new URL("README.md", PACKAGE), "utf8");
const [traces = "", metrics = "", profiles = "", ...others] = Array.from(
  readme.matchAll(/^```ts\n(.*?)^```$/gms),
  ([, code]) => code ?? "",
);

test("the README has three snippets", () => {
  assert.notEqual(profiles, "");
  assert.deepEqual(others, []);
});

/** Runs a snippet where the package's name means this package, and returns what it printed. */
async function run(name: string, code: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const file = fileURLToPath(new URL(`readme-${name}-${process.pid}.ts`, PACKAGE));
  writeFileSync(file, code);
  try {
    const child = spawn(process.execPath, ["--conditions=skep-source", file], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    assert.equal(stderr, "");
    return stdout;
  } finally {
    rmSync(file);
  }
}

test("the first one delivers its span", async () => {
  await using receiver = await HttpReceiver.start(() => OK);
  const stdout = await run("traces", traces, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint("") });
  assert.equal(stdout, "1 delivered\n");
  assert.deepEqual(
    receiver.requests.map(({ body, path }) => [path, namesIn(body)]),
    [["/v1/traces", ["POST /orders"]]],
  );
});

test("the second one delivers its metrics, by way of a spool", async () => {
  using directory = temporaryDirectory();
  await using receiver = await HttpReceiver.start(() => OK);
  const endpoint = receiver.endpoint("/v1/metrics");
  await run("metrics", metrics, { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: endpoint, TMPDIR: directory.path });
  const [request, ...more] = receiver.requests;
  assert.ok(request);
  assert.deepEqual(more, []);
  const decoded = JSON.stringify(decodeProtobuf("ExportMetricsServiceRequest", request.body));
  assert.match(decoded, /"name":"shop\.orders".*"asInt":"42".*"name":"shop\.order\.duration"/);
});

test("the third one encodes its profile", async () => {
  assert.equal(await run("profiles", profiles), "true\n");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { OtlpError } from "../errors.ts";
import { logs } from "../logs/index.ts";
import { metrics } from "../metrics/index.ts";
import { profiles } from "../profiles/index.ts";
import { traces } from "../traces/index.ts";
import { type ExporterSettings, resolveSettings, signalEndpoint } from "./settings.ts";

test("without settings, a collector on this machine gets each signal at its path", () => {
  const endpoint = (settings: ExporterSettings, signal: Parameters<typeof resolveSettings>[0]) =>
    resolveSettings(signal, settings).endpoint.href;
  assert.equal(endpoint({}, traces), "http://localhost:4318/v1/traces");
  assert.equal(endpoint({}, metrics), "http://localhost:4318/v1/metrics");
  assert.equal(endpoint({}, logs), "http://localhost:4318/v1/logs");
  assert.equal(endpoint({}, profiles), "http://localhost:4318/v1development/profiles");
  assert.equal(endpoint({ protocol: "grpc" }, traces), "http://localhost:4317/");
});

test("an endpoint of one signal is used as it is, one of all signals gets the signal's path", () => {
  const own = "https://collector.example/custom/path?tenant=1";
  assert.equal(resolveSettings(traces, { endpoint: own }).endpoint.href, own);
  assert.equal(signalEndpoint("http://collector:4318", traces), "http://collector:4318/v1/traces");
  assert.equal(signalEndpoint("http://collector:4318/", profiles), "http://collector:4318/v1development/profiles");
  assert.equal(signalEndpoint("https://collector/otlp//", logs), "https://collector/otlp/v1/logs");
});

const wrong: readonly (readonly [ExporterSettings, message: string, hint?: string])[] = [
  [{ protocol: "http" as "grpc" }, 'protocol is "http"', "allowed: grpc, http/protobuf, http/json"],
  [{ compression: "zstd" as "gzip" }, 'compression is "zstd"', "allowed: gzip, none"],
  [
    { endpoint: "localhost:4318" },
    '"localhost:4318" is no endpoint: a URL with http: or https: is wanted',
    "such as http://localhost:4318",
  ],
  [{ endpoint: "" }, '"" is no endpoint: a URL with http: or https: is wanted', "such as http://localhost:4318"],
  [
    { endpoint: "http://user:secret@collector" },
    "the endpoint at collector has a user name or password in its URL",
    "send them as a header: authorization",
  ],
  [
    { endpoint: "http://collector:4317/v1/traces", protocol: "grpc" },
    '"http://collector:4317/v1/traces" has a path, and gRPC knows none',
    "such as http://localhost:4317",
  ],
  [{ timeoutMs: -1 }, "timeoutMs is -1", "allowed: milliseconds from 0 to 2147483647"],
  [{ timeoutMs: Number.NaN }, "timeoutMs is NaN", "allowed: milliseconds from 0 to 2147483647"],
  [{ retry: { initialDelayMs: 0 } }, "retry.initialDelayMs is 0", "allowed: milliseconds from 1 to 2147483647"],
  [{ timeoutMs: 2 ** 31 }, "timeoutMs is 2147483648", "allowed: milliseconds from 0 to 2147483647"],
  [{ queue: { maxBytes: 0 } }, "queue.maxBytes is 0", "allowed: numbers above 0"],
  [{ spool: { directory: "/tmp", maxBytes: -5 } }, "spool.maxBytes is -5", "allowed: numbers above 0"],
  [{ headers: { "a b": "c" } }, '"a b" is no name of a header'],
  [{ headers: { key: "line\nbreak" } }, "the value of the header key has characters that no header can have"],
  [{ headers: { "Content-Type": "text/plain" } }, "the header Content-Type is the exporter's own", "leave it out"],
  [{ headers: { "grpc-timeout": "1S" } }, "the header grpc-timeout is the exporter's own", "leave it out"],
  [{ tls: { key: "PEM" } }, "a client certificate and its key go together, and one is missing"],
];
for (const [settings, message, hint] of wrong) {
  test(`refused: ${message}`, () => {
    assert.throws(
      () => resolveSettings(traces, settings),
      (error) => {
        assert.ok(error instanceof OtlpError);
        assert.deepEqual([error.code, error.message, error.hint], ["configuration", message, hint]);
        return true;
      },
    );
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { OtlpError } from "../errors.ts";
import { createAuthority, createIdentity } from "../testing/certificates.ts";
import { GrpcReceiver } from "../testing/grpc-receiver.ts";
import { HttpReceiver, OK } from "../testing/http-receiver.ts";
import { assertBalanced, spansNamed } from "../testing/spans.ts";
import { traces } from "../traces/index.ts";
import { type ExporterSettings, OtlpExporter, type TlsSettings } from "./index.ts";

const authority = createAuthority("the collector's authority");
const stranger = createAuthority("another authority");
const server = createIdentity("collector", authority);
const client = createIdentity("skep", authority);
/** A receiver that wants a certificate of its authority from whoever connects. */
const tls = {
  cert: server.certificate,
  key: server.key,
  ca: authority.certificate,
  requestCert: true,
  rejectUnauthorized: true,
};
const whole: TlsSettings = { ca: authority.certificate, certificate: client.certificate, key: client.key };

interface SecureReceiver extends AsyncDisposable {
  readonly endpoint: string;
  readonly receivedCount: () => number;
}

const receivers: Readonly<Record<"http/protobuf" | "grpc", () => Promise<SecureReceiver>>> = {
  "http/protobuf": async () => {
    const receiver = await HttpReceiver.start(() => OK, { tls });
    return {
      endpoint: `https://127.0.0.1:${receiver.port}/v1/traces`,
      receivedCount: () => receiver.requests.length,
      [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
    };
  },
  grpc: async () => {
    const receiver = await GrpcReceiver.start(() => ({ status: 0, body: new Uint8Array() }), { tls });
    return {
      endpoint: `https://127.0.0.1:${receiver.port}`,
      receivedCount: () => receiver.calls.length,
      [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
    };
  },
};

async function open(endpoint: string, settings: ExporterSettings) {
  const problems: OtlpError[] = [];
  const exporter = await OtlpExporter.open(traces, {
    endpoint,
    retry: { initialDelayMs: 10 },
    shutdownTimeoutMs: 0,
    onProblem: (problem) => problems.push(problem),
    ...settings,
  });
  return { exporter, problems };
}

for (const protocol of ["http/protobuf", "grpc"] as const) {
  test(`${protocol}: an authority and a client certificate of one's own`, async () => {
    await using receiver = await receivers[protocol]();
    const { exporter } = await open(receiver.endpoint, { protocol, tls: whole });
    await using _ = exporter;
    exporter.export(spansNamed("one"));
    assert.equal(await exporter.flush(60_000), true);
    assert.equal(receiver.receivedCount(), 1);
    assert.equal(exporter.counts().delivered, 1);
  });

  const cases: readonly (readonly [name: string, tls: TlsSettings, hint: RegExp | undefined])[] = [
    ["a receiver whose authority is not known", {}, /OTEL_EXPORTER_OTLP_CERTIFICATE/],
    ["a receiver of another authority", { ...whole, ca: stranger.certificate }, /OTEL_EXPORTER_OTLP_CERTIFICATE/],
    ["a receiver that wants a certificate, and gets none", { ca: authority.certificate }, undefined],
  ];
  for (const [name, settings, hint] of cases) {
    test(`${protocol}: ${name}: nothing arrives, and it is said why`, async () => {
      await using receiver = await receivers[protocol]();
      const { exporter, problems } = await open(receiver.endpoint, { protocol, tls: settings });
      exporter.export(spansNamed("one"));
      while (problems.length === 0) await setTimeout(1);
      await exporter[Symbol.asyncDispose]();
      assert.equal(receiver.receivedCount(), 0);
      assert.equal(problems[0]?.code, "connection");
      if (hint !== undefined) assert.match(problems[0]?.hint ?? "", hint);
      assertBalanced(exporter.counts());
      assert.equal(exporter.counts().dropped.shutdown, 1);
    });
  }
}

test("http: where there is no TLS, it is said that there may be none", async () => {
  await using receiver = await HttpReceiver.start(() => OK);
  const { exporter, problems } = await open(`https://127.0.0.1:${receiver.port}`, { tls: whole });
  await using _ = exporter;
  exporter.export(spansNamed("one"));
  while (problems.length === 0) await setTimeout(1);
  assert.match(problems[0]?.message ?? "", /: write EPROTO: wrong version number$/);
  assert.equal(problems[0]?.hint, "does the receiver speak TLS there? if not, the endpoint begins with http:");
});

test("certificates and keys that cannot be used are refused before anything is sent", async () => {
  const cases: readonly (readonly [TlsSettings, RegExp])[] = [
    [{ ca: "no certificate" }, /^the authority's certificate cannot be used: /],
    [{ certificate: "none", key: client.key }, /^the client certificate cannot be used: /],
    [{ certificate: client.certificate, key: "none" }, /^the client's key, with its certificate, cannot be used: /],
    [{ certificate: client.certificate, key: server.key }, /^the client's key, with its certificate, cannot be used: /],
    [{ certificate: client.certificate }, /^a client certificate and its key go together, and one is missing$/],
  ];
  for (const [settings, message] of cases) {
    await assert.rejects(
      OtlpExporter.open(traces, { endpoint: "https://127.0.0.1:1", tls: settings }),
      (error) => error instanceof OtlpError && error.code === "configuration" && message.test(error.message),
    );
  }
});

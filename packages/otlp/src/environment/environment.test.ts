import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { OtlpError } from "../errors.ts";
import type { AnySignal, ExporterSettings } from "../exporter/index.ts";
import { logs } from "../logs/index.ts";
import { metrics } from "../metrics/index.ts";
import { profiles } from "../profiles/index.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { traces } from "../traces/index.ts";
import {
  type Environment,
  exporterSettingsFromEnvironment,
  isSdkDisabled,
  metricPreferencesFromEnvironment,
  resourceAttributesFromEnvironment,
  semanticConventionOptIns,
} from "./index.ts";

const OTLP = "OTEL_EXPORTER_OTLP_";

const cases: readonly (readonly [
  name: string,
  signal: AnySignal,
  environment: Environment,
  settings: ExporterSettings,
])[] = [
  ["nothing set is nothing said", traces, {}, {}],
  ["empty is not set", traces, { [`${OTLP}ENDPOINT`]: "", [`${OTLP}TIMEOUT`]: " " }, {}],
  [
    "the endpoint of all signals gets the signal's path",
    metrics,
    { [`${OTLP}ENDPOINT`]: "http://collector:4318/" },
    { endpoint: "http://collector:4318/v1/metrics" },
  ],
  [
    "profiles are still in development",
    profiles,
    { [`${OTLP}ENDPOINT`]: "http://collector:4318/base" },
    { endpoint: "http://collector:4318/base/v1development/profiles" },
  ],
  [
    "the endpoint of a signal is used as it is",
    logs,
    { [`${OTLP}ENDPOINT`]: "http://collector:4318", [`${OTLP}LOGS_ENDPOINT`]: "https://logs.example/in" },
    { endpoint: "https://logs.example/in" },
  ],
  ["the endpoint of another signal means nothing", traces, { [`${OTLP}LOGS_ENDPOINT`]: "https://logs.example/in" }, {}],
  [
    "gRPC's endpoint gets no path",
    traces,
    { [`${OTLP}ENDPOINT`]: "https://collector:4317", [`${OTLP}PROTOCOL`]: "grpc" },
    { endpoint: "https://collector:4317/", protocol: "grpc" },
  ],
  [
    "gRPC's target without a scheme is a secure one",
    traces,
    { [`${OTLP}ENDPOINT`]: "collector:4317", [`${OTLP}PROTOCOL`]: "grpc" },
    { endpoint: "https://collector:4317/", protocol: "grpc" },
  ],
  [
    "unless it is said to be insecure",
    traces,
    { [`${OTLP}ENDPOINT`]: "collector:4317", [`${OTLP}PROTOCOL`]: "grpc", [`${OTLP}TRACES_INSECURE`]: "TRUE" },
    { endpoint: "http://collector:4317/", protocol: "grpc" },
  ],
  [
    "a scheme goes before INSECURE",
    traces,
    { [`${OTLP}ENDPOINT`]: "https://collector:4317", [`${OTLP}PROTOCOL`]: "grpc", [`${OTLP}INSECURE`]: "true" },
    { endpoint: "https://collector:4317/", protocol: "grpc" },
  ],
  [
    "the rest, with the signal's own before that of all",
    traces,
    {
      [`${OTLP}PROTOCOL`]: "grpc",
      [`${OTLP}TRACES_PROTOCOL`]: "http/json",
      [`${OTLP}TIMEOUT`]: "5000",
      [`${OTLP}TRACES_TIMEOUT`]: "0",
      [`${OTLP}COMPRESSION`]: "gzip",
      [`${OTLP}HEADERS`]: "x-all=1",
      [`${OTLP}TRACES_HEADERS`]: " authorization = Bearer%20a%2Cb%3D , x-tenant=7 ",
    },
    {
      protocol: "http/json",
      timeoutMs: 0,
      compression: "gzip",
      headers: { authorization: "Bearer a,b=", "x-tenant": "7" },
    },
  ],
];
for (const [name, signal, environment, settings] of cases) {
  test(name, () => assert.deepEqual(exporterSettingsFromEnvironment(signal, environment), settings));
}

test("certificates and keys are read from their files", () => {
  using directory = temporaryDirectory();
  const fileOf = (name: string) => {
    const path = join(directory.path, name);
    writeFileSync(path, `PEM of ${name}`);
    return path;
  };
  const environment = {
    [`${OTLP}CERTIFICATE`]: fileOf("ca"),
    [`${OTLP}CLIENT_CERTIFICATE`]: fileOf("client"),
    [`${OTLP}METRICS_CLIENT_KEY`]: fileOf("key"),
  };
  assert.deepEqual(exporterSettingsFromEnvironment(metrics, environment).tls, {
    ca: "PEM of ca",
    certificate: "PEM of client",
    key: "PEM of key",
  });
});

const wrong: readonly (readonly [environment: Environment, message: string, hint: string | undefined])[] = [
  [{ [`${OTLP}PROTOCOL`]: "http" }, 'OTEL_EXPORTER_OTLP_PROTOCOL is "http"', "allowed: grpc, http/protobuf, http/json"],
  [
    { [`${OTLP}TRACES_PROTOCOL`]: "udp" },
    'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is "udp"',
    "allowed: grpc, http/protobuf, http/json",
  ],
  [
    { [`${OTLP}ENDPOINT`]: "collector:4318" },
    'OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" is no endpoint: a URL with http: or https: is wanted',
    "such as http://localhost:4318",
  ],
  [
    { [`${OTLP}ENDPOINT`]: "http://collector/v1/traces", [`${OTLP}PROTOCOL`]: "grpc" },
    'OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector/v1/traces" has a path, and gRPC knows none',
    "such as http://localhost:4317",
  ],
  [{ [`${OTLP}TIMEOUT`]: "10s" }, 'OTEL_EXPORTER_OTLP_TIMEOUT is "10s"', "allowed: whole milliseconds; 0 is no limit"],
  [{ [`${OTLP}COMPRESSION`]: "zstd" }, 'OTEL_EXPORTER_OTLP_COMPRESSION is "zstd"', "allowed: gzip, none"],
  [{ [`${OTLP}INSECURE`]: "yes" }, 'OTEL_EXPORTER_OTLP_INSECURE is "yes"', "allowed: true, false"],
  [
    { [`${OTLP}HEADERS`]: "a=1,secret" },
    "OTEL_EXPORTER_OTLP_HEADERS: member 2 is not of the form name=value",
    "such as name=value,other=some%20value",
  ],
  [
    { [`${OTLP}HEADERS`]: "authorization=100%" },
    "OTEL_EXPORTER_OTLP_HEADERS: the value of authorization is not percent-encoded UTF-8",
    "write % as %25",
  ],
  [
    { [`${OTLP}HEADERS`]: "host=elsewhere" },
    "OTEL_EXPORTER_OTLP_HEADERS: the header host is the exporter's own",
    "leave it out",
  ],
  [
    { [`${OTLP}CERTIFICATE`]: "/nowhere/ca.pem" },
    "OTEL_EXPORTER_OTLP_CERTIFICATE: ENOENT: no such file or directory, open '/nowhere/ca.pem'",
    "it must be the path of a readable file in PEM",
  ],
];
for (const [environment, message, hint] of wrong) {
  test(`refused: ${message}`, () => {
    assert.throws(() => exporterSettingsFromEnvironment(traces, environment), configurationError(message, hint));
  });
}

test("the resource has the attributes of the environment, and its service's name before all", () => {
  const attributes = "service.name=list, deployment.environment.name=pr%2Cod,empty=,a=b=c,";
  assert.deepEqual(resourceAttributesFromEnvironment({}), {});
  assert.deepEqual(resourceAttributesFromEnvironment({ OTEL_RESOURCE_ATTRIBUTES: attributes }), {
    "service.name": "list",
    "deployment.environment.name": "pr,od",
    empty: "",
    a: "b=c",
  });
  assert.equal(
    resourceAttributesFromEnvironment({ OTEL_RESOURCE_ATTRIBUTES: attributes, OTEL_SERVICE_NAME: "own" })[
      "service.name"
    ],
    "own",
  );
  assert.throws(
    () => resourceAttributesFromEnvironment({ OTEL_RESOURCE_ATTRIBUTES: "%zz=1" }),
    configurationError('OTEL_RESOURCE_ATTRIBUTES: the name "%zz" is not percent-encoded UTF-8', "write % as %25"),
  );
  assert.throws(
    () => resourceAttributesFromEnvironment({ OTEL_RESOURCE_ATTRIBUTES: "a=1,=2" }),
    configurationError(
      "OTEL_RESOURCE_ATTRIBUTES: member 2 is not of the form name=value",
      "such as name=value,other=some%20value",
    ),
  );
});

test("any attributes come back from the variable that they are written into", () => {
  const names = fc.string({ unit: "grapheme", minLength: 1 }).filter((name) => name.trim() !== "");
  fc.assert(
    fc.property(fc.dictionary(names, fc.string({ unit: "grapheme" }), { noNullPrototype: true }), (attributes) => {
      const pairs = Object.entries(attributes).map((pair) => pair.map(encodeURIComponent).join("="));
      assert.deepEqual(resourceAttributesFromEnvironment({ OTEL_RESOURCE_ATTRIBUTES: pairs.join(",") }), attributes);
    }),
  );
});

test("the SDK is disabled by true alone, and by nothing that is neither true nor false", () => {
  assert.equal(isSdkDisabled({}), false);
  assert.equal(isSdkDisabled({ OTEL_SDK_DISABLED: "" }), false);
  assert.equal(isSdkDisabled({ OTEL_SDK_DISABLED: "False" }), false);
  assert.equal(isSdkDisabled({ OTEL_SDK_DISABLED: "TRUE" }), true);
  assert.throws(
    () => isSdkDisabled({ OTEL_SDK_DISABLED: "1" }),
    configurationError('OTEL_SDK_DISABLED is "1"', "allowed: true, false"),
  );
});

test("how metrics are wanted is one of what the specification names", () => {
  const temporality = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
  const aggregation = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
  assert.deepEqual(metricPreferencesFromEnvironment({}), {});
  assert.deepEqual(
    metricPreferencesFromEnvironment({ [temporality]: "Delta", [aggregation]: "base2_exponential_bucket_histogram" }),
    { temporality: "delta", histogramAggregation: "base2_exponential_bucket_histogram" },
  );
  assert.throws(
    () => metricPreferencesFromEnvironment({ [temporality]: "gauge" }),
    configurationError(`${temporality} is "gauge"`, "allowed: cumulative, delta, lowmemory"),
  );
  assert.throws(
    () => metricPreferencesFromEnvironment({ [aggregation]: "none" }),
    configurationError(
      `${aggregation} is "none"`,
      "allowed: explicit_bucket_histogram, base2_exponential_bucket_histogram",
    ),
  );
});

test("the conventions that are opted into are a set, known or not", () => {
  assert.deepEqual(semanticConventionOptIns({}), new Set());
  assert.deepEqual(
    semanticConventionOptIns({ OTEL_SEMCONV_STABILITY_OPT_IN: "http, rpc/dup,,gen_ai_latest_experimental" }),
    new Set(["http", "rpc/dup", "gen_ai_latest_experimental"]),
  );
  assert.throws(
    () => semanticConventionOptIns({ OTEL_SEMCONV_STABILITY_OPT_IN: "http;rpc" }),
    configurationError('OTEL_SEMCONV_STABILITY_OPT_IN has "http;rpc"', "a list such as http,rpc/dup"),
  );
});

function configurationError(message: string, hint: string | undefined) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof OtlpError);
    assert.deepEqual([error.code, error.message, error.hint], ["configuration", message, hint]);
    return true;
  };
}

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OtlpError } from "../errors.ts";
import { attributes, ids, resources, scopes, someTime, texts, times, uint32s } from "../testing/arbitraries.ts";
import { decodeJson, decodeProtobuf } from "../testing/decode.ts";
import { encodeTraces, type ResourceSpans, type Span, type SpanEvent, type SpanLink, traces } from "./index.ts";

const REQUEST = "ExportTraceServiceRequest";

const span: Span = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentSpanId: "00f067aa0ba902b7",
  traceState: "vendor=1",
  flags: 0x301,
  name: "GET /users/:id",
  kind: "server",
  startTimeUnixNs: someTime,
  endTimeUnixNs: someTime + 1_500_000n,
  attributes: { "http.request.method": "GET", "http.response.status_code": 500 },
  droppedAttributesCount: 3,
  events: [{ timeUnixNs: someTime + 1n, name: "retry", attributes: { attempt: 2 }, droppedAttributesCount: 1 }],
  droppedEventsCount: 4,
  links: [
    {
      traceId: "f".repeat(32),
      spanId: "e".repeat(16),
      traceState: "a=b",
      attributes: { why: "batch" },
      droppedAttributesCount: 5,
      flags: 1,
    },
  ],
  droppedLinksCount: 6,
  status: { code: "error", message: "boom" },
};

function requestOf(spans: readonly Span[]): ResourceSpans[] {
  const schemaUrl = "https://opentelemetry.io/schemas/1.44.0";
  return [
    {
      resource: { attributes: { "service.name": "api" }, droppedAttributesCount: 1, schemaUrl },
      scopes: [{ scope: { name: "skep", version: "0.1.0", attributes: { a: true }, schemaUrl }, spans }],
    },
  ];
}

const base64 = (hex: string) => Buffer.from(hex, "hex").toString("base64");

test("every field of a span is in its place", () => {
  const value = (text: string) => ({ stringValue: text });
  const expected = {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: value("api") }], droppedAttributesCount: 1 },
        schemaUrl: "https://opentelemetry.io/schemas/1.44.0",
        scopeSpans: [
          {
            scope: { name: "skep", version: "0.1.0", attributes: [{ key: "a", value: { boolValue: true } }] },
            schemaUrl: "https://opentelemetry.io/schemas/1.44.0",
            spans: [
              {
                traceId: base64("0af7651916cd43dd8448eb211c80319c"),
                spanId: base64("b7ad6b7169203331"),
                parentSpanId: base64("00f067aa0ba902b7"),
                traceState: "vendor=1",
                flags: 0x301,
                name: "GET /users/:id",
                kind: "SPAN_KIND_SERVER",
                startTimeUnixNano: "1795000000123456789",
                endTimeUnixNano: "1795000000124956789",
                attributes: [
                  { key: "http.request.method", value: value("GET") },
                  { key: "http.response.status_code", value: { intValue: "500" } },
                ],
                droppedAttributesCount: 3,
                events: [
                  {
                    timeUnixNano: "1795000000123456790",
                    name: "retry",
                    attributes: [{ key: "attempt", value: { intValue: "2" } }],
                    droppedAttributesCount: 1,
                  },
                ],
                droppedEventsCount: 4,
                links: [
                  {
                    traceId: base64("f".repeat(32)),
                    spanId: base64("e".repeat(16)),
                    traceState: "a=b",
                    attributes: [{ key: "why", value: value("batch") }],
                    droppedAttributesCount: 5,
                    flags: 1,
                  },
                ],
                droppedLinksCount: 6,
                status: { code: "STATUS_CODE_ERROR", message: "boom" },
              },
            ],
          },
        ],
      },
    ],
  };
  assert.deepEqual(decodeProtobuf(REQUEST, encodeTraces(requestOf([span]))), expected);
  assert.deepEqual(decodeJson(REQUEST, encodeTraces(requestOf([span]), "json")), expected);
});

test("JSON has ids in hex, 64-bit integers as strings, enums as integers", () => {
  const text = Buffer.from(encodeTraces(requestOf([span]), "json")).toString();
  const [encoded] = JSON.parse(text).resourceSpans[0].scopeSpans[0].spans;
  assert.equal(encoded.traceId, span.traceId);
  assert.equal(encoded.links[0].spanId, "e".repeat(16));
  assert.equal(encoded.startTimeUnixNano, "1795000000123456789");
  assert.equal(encoded.kind, 2);
  assert.equal(encoded.status.code, 2);
});

test("ids of another length or with other digits are refused by name", () => {
  const cases: readonly (readonly [Partial<Span>, string])[] = [
    [{ traceId: "abc" }, 'traceId is "abc"'],
    [{ traceId: "" }, 'traceId is ""'],
    [{ spanId: "B7AD6B7169203331" }, 'spanId is "B7AD6B7169203331"'],
    [{ parentSpanId: "b7ad6b716920333g" }, 'parentSpanId is "b7ad6b716920333g"'],
    [{ flags: -1 }, "flags is -1, which uint32 cannot hold"],
    [{ startTimeUnixNs: -1n }, "startTimeUnixNano is -1, which uint64 cannot hold"],
    [{ endTimeUnixNs: 2n ** 64n }, "endTimeUnixNano is 18446744073709551616, which uint64 cannot hold"],
  ];
  for (const [change, message] of cases) {
    for (const encoding of ["protobuf", "json"] as const) {
      assert.throws(
        () => encodeTraces(requestOf([{ ...span, ...change }]), encoding),
        (error) => error instanceof OtlpError && error.code === "invalid-data" && error.message === message,
        message,
      );
    }
  }
});

const events: fc.Arbitrary<SpanEvent> = fc.record(
  { timeUnixNs: times, name: fc.string(), attributes, droppedAttributesCount: uint32s },
  { requiredKeys: ["timeUnixNs", "name"] },
);
const links: fc.Arbitrary<SpanLink> = fc.record(
  {
    traceId: ids(16),
    spanId: ids(8),
    traceState: fc.string(),
    attributes,
    droppedAttributesCount: uint32s,
    flags: uint32s,
  },
  { requiredKeys: ["traceId", "spanId"] },
);
const spans: fc.Arbitrary<Span> = fc.record(
  {
    traceId: ids(16),
    spanId: ids(8),
    parentSpanId: ids(8),
    traceState: fc.string(),
    flags: uint32s,
    name: texts(),
    kind: fc.constantFrom("internal", "server", "client", "producer", "consumer"),
    startTimeUnixNs: times,
    endTimeUnixNs: times,
    attributes,
    droppedAttributesCount: uint32s,
    events: fc.array(events, { maxLength: 3 }),
    droppedEventsCount: uint32s,
    links: fc.array(links, { maxLength: 3 }),
    droppedLinksCount: uint32s,
    status: fc.record(
      { code: fc.constantFrom("unset", "ok", "error"), message: fc.string() },
      { requiredKeys: ["code"] },
    ),
  },
  { requiredKeys: ["traceId", "spanId", "name", "kind", "startTimeUnixNs", "endTimeUnixNs"] },
);
const requests = fc.array(
  fc.record({
    resource: resources,
    scopes: fc.array(fc.record({ scope: scopes, spans: fc.array(spans, { maxLength: 3 }) }), { maxLength: 2 }),
  }),
  { maxLength: 2 },
);

test("any spans decode without unknown fields, and JSON says what protobuf says", () => {
  fc.assert(
    fc.property(requests, (request) => {
      assert.deepEqual(
        decodeJson(REQUEST, encodeTraces(request, "json")),
        decodeProtobuf(REQUEST, encodeTraces(request)),
      );
    }),
  );
});

test("the items of a request are its spans", () => {
  assert.equal(traces.itemCount([...requestOf([span, span]), ...requestOf([span])]), 3);
  assert.equal(traces.itemCount([]), 0);
});

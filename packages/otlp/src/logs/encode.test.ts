import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyValues, attributes, ids, resources, scopes, someTime, times, uint32s } from "../testing/arbitraries.ts";
import { decodeJson, decodeProtobuf } from "../testing/decode.ts";
import { DoubleValue, encodeLogs, type LogRecord, logs, type ResourceLogs } from "./index.ts";

const REQUEST = "ExportLogsServiceRequest";

const exec: LogRecord = {
  timeUnixNs: someTime,
  observedTimeUnixNs: someTime + 5n,
  severityNumber: 9,
  severityText: "INFO",
  eventName: "process.exec",
  body: { file: "/bin/ls", arguments: ["ls", "-l"], error: null, left: undefined },
  attributes: { "process.pid": 4242 },
  droppedAttributesCount: 2,
  flags: 1,
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
};

function requestOf(records: readonly LogRecord[]): ResourceLogs[] {
  return [{ resource: { attributes: {} }, scopes: [{ scope: { name: "skep" }, records }] }];
}

test("every field of a log record is in its place", () => {
  const expected = {
    resourceLogs: [
      {
        resource: {},
        scopeLogs: [
          {
            scope: { name: "skep" },
            logRecords: [
              {
                timeUnixNano: "1795000000123456789",
                observedTimeUnixNano: "1795000000123456794",
                severityNumber: 9,
                severityText: "INFO",
                eventName: "process.exec",
                body: {
                  kvlistValue: {
                    values: [
                      { key: "file", value: { stringValue: "/bin/ls" } },
                      {
                        key: "arguments",
                        value: { arrayValue: { values: [{ stringValue: "ls" }, { stringValue: "-l" }] } },
                      },
                      { key: "error", value: {} },
                    ],
                  },
                },
                attributes: [{ key: "process.pid", value: { intValue: "4242" } }],
                droppedAttributesCount: 2,
                flags: 1,
                traceId: Buffer.from("0af7651916cd43dd8448eb211c80319c", "hex").toString("base64"),
                spanId: Buffer.from("b7ad6b7169203331", "hex").toString("base64"),
              },
            ],
          },
        ],
      },
    ],
  };
  assert.deepEqual(decodeProtobuf(REQUEST, encodeLogs(requestOf([exec]))), expected);
  assert.deepEqual(decodeJson(REQUEST, encodeLogs(requestOf([exec]), "json")), expected);
});

test("numbers are integers where they are whole, unless they are said to be doubles", () => {
  const bodyOf = (body: LogRecord["body"]) => {
    const request = requestOf([body === undefined ? {} : { body }]);
    const [{ scopeLogs }] = (decodeProtobuf(REQUEST, encodeLogs(request)) as unknown as DecodedLogs).resourceLogs;
    return scopeLogs[0].logRecords[0].body;
  };
  assert.deepEqual(bodyOf(3), { intValue: "3" });
  assert.deepEqual(bodyOf(-0), { intValue: "0" });
  assert.deepEqual(bodyOf(3.5), { doubleValue: 3.5 });
  assert.deepEqual(bodyOf(new DoubleValue(3)), { doubleValue: 3 });
  assert.deepEqual(bodyOf(2 ** 53), { doubleValue: 2 ** 53 });
  assert.deepEqual(bodyOf(2n ** 53n), { intValue: "9007199254740992" });
  assert.deepEqual(bodyOf(Number.POSITIVE_INFINITY), { doubleValue: "Infinity" });
  assert.deepEqual(bodyOf(null), {});
  assert.deepEqual(bodyOf(""), { stringValue: "" });
  assert.deepEqual(bodyOf(false), { boolValue: false });
  assert.deepEqual(bodyOf(Uint8Array.of(255, 0)), { bytesValue: "/wA=" });
  assert.deepEqual(bodyOf([]), { arrayValue: {} });
  assert.deepEqual(bodyOf([undefined, null, 1]), { arrayValue: { values: [{}, {}, { intValue: "1" }] } });
  assert.deepEqual(bodyOf({}), { kvlistValue: {} });
  assert.deepEqual(bodyOf(undefined), undefined);
});

interface DecodedLogs {
  readonly resourceLogs: [{ readonly scopeLogs: [{ readonly logRecords: [{ readonly body?: unknown }] }] }];
}

const records: fc.Arbitrary<LogRecord> = fc.record(
  {
    timeUnixNs: times,
    observedTimeUnixNs: times,
    severityNumber: fc.integer({ min: 1, max: 24 }),
    severityText: fc.string(),
    eventName: fc.string(),
    body: anyValues,
    attributes,
    droppedAttributesCount: uint32s,
    flags: uint32s,
    traceId: ids(16),
    spanId: ids(8),
  },
  { requiredKeys: [] },
);
const requests = fc.array(
  fc.record({
    resource: resources,
    scopes: fc.array(fc.record({ scope: scopes, records: fc.array(records, { maxLength: 3 }) }), { maxLength: 2 }),
  }),
  { maxLength: 2 },
);

test("any log records decode without unknown fields, and JSON says what protobuf says", () => {
  fc.assert(
    fc.property(requests, (request) => {
      assert.deepEqual(decodeJson(REQUEST, encodeLogs(request, "json")), decodeProtobuf(REQUEST, encodeLogs(request)));
    }),
  );
});

test("the items of a request are its log records", () => {
  assert.equal(logs.itemCount([...requestOf([exec, exec]), ...requestOf([exec])]), 3);
});

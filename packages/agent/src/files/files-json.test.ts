import assert from "node:assert/strict";
import { test } from "node:test";
import { fileReport, fileStatistics, slowOperation } from "../testing/file-reports.ts";
import { encodeFilesJson, encodeSlowOperation } from "./files-json.ts";

test("the summary has what the command line promises", () => {
  const text = encodeFilesJson(fileReport());
  assert.match(text, /^\{"kind":"summary",.*\}\n$/);
  const object = JSON.parse(text);
  assert.deepEqual(Object.keys(object), ["kind", "durationNs", "lost", "incomplete", "unattributed", "files"]);
  assert.deepEqual(object.files[0], {
    pid: 4242,
    name: "node",
    path: "/srv/api/data.db",
    type: "file",
    fileSystem: "ext4",
    deleted: false,
    errors: {},
    opens: 1,
    reads: 12_000,
    writes: 300,
    syncs: 2,
    readBytes: 49_000_000,
    writtenBytes: 1_228_800,
    openNs: 0,
    readNs: 31_000_000,
    writeNs: 4_000_000,
    syncNs: 90_000_000,
  });
});

test("a slow operation is one line, its kind first, its time to the nanosecond", () => {
  const text = encodeSlowOperation(slowOperation({ error: "EIO" }));
  assert.match(text, /^\{"kind":"slow","timeUnixNs":"1795000000123456789","pid":4242,"name":"node","path":.*\}\n$/);
  const { durationNs, bytes, offset, error } = JSON.parse(text);
  assert.deepEqual([durationNs, bytes, offset, error], [31_000_000, 4096, 8192, "EIO"]);
});

test("hostile names stay data, on one line", () => {
  const path = "/\x1b[2J\x9b\u202e\n";
  for (const text of [
    encodeFilesJson(fileReport({ files: [fileStatistics({ path })] })),
    encodeSlowOperation(slowOperation({ path })),
  ]) {
    assert.match(text, /^[\x20-\x7e]+\n$/);
    assert.ok(JSON.stringify(JSON.parse(text)).includes(JSON.stringify(path)));
  }
});

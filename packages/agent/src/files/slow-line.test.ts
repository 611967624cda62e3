import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { displayWidth, printable } from "../output/text.ts";
import { slowOperation } from "../testing/file-reports.ts";
import { formatSlowOperation, slowOperationLines } from "./slow-line.ts";

/** The time of day depends on where the test runs. */
const withoutTime = (line: string) => line.replace(/^\d\d:\d\d:\d\d\.123/, "");

test("the first line stands below titles", () => {
  const lineOf = slowOperationLines(() => undefined);
  const [titles, first] = lineOf(slowOperation()).split("\n");
  assert.equal(titles, "TIME            TOOK  CALL       BYTES  FILE AND PROCESS");
  assert.equal(withoutTime(first ?? ""), "   31 ms  pread64   4.1 kB  /srv/api/data.db  node (4242)");
  assert.equal(withoutTime(lineOf(slowOperation())), "   31 ms  pread64   4.1 kB  /srv/api/data.db  node (4242)\n");
});

test("an error stands in the place of the bytes; a long path loses its middle", () => {
  const operation = slowOperation({ error: "EIO", path: `/${"long/".repeat(20)}end`, call: "copy_file_range" });
  assert.equal(
    withoutTime(formatSlowOperation(operation, 90)),
    "   31 ms  copy_file_range     EIO  /long/lo…ng/long/long/long/end  node (4242)",
  );
});

test("whatever files and processes are called, a line is one line, and fits", () => {
  const name = fc.oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 }),
    fc.constantFrom("\x1b[2J\x1b[31mroot", "\u202eevil", "日本語".repeat(20), "a\nb"),
  );
  fc.assert(
    fc.property(name, name, fc.integer({ min: 80, max: 200 }), (path, processName, columns) => {
      const operation = slowOperation({ path, process: { pid: 4_194_303, name: processName } });
      const line = formatSlowOperation(operation, columns);
      assert.equal(line, printable(line));
      assert.ok(displayWidth(line) <= columns, line);
    }),
  );
});

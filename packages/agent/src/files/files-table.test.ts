import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { displayWidth, printable } from "../output/text.ts";
import { fileReport, fileStatistics } from "../testing/file-reports.ts";
import { NO_OPERATIONS } from "./add-file-reports.ts";
import { formatFilesTable } from "./files-table.ts";

const SIZE = { columns: 80, rows: 40 };

test("80 columns", () => {
  assert.deepEqual(formatFilesTable(fileReport(), undefined, SIZE), [
    "Files for 10.0 s: 19 opens, 12,902 reads, 341 writes, 0 lost",
    "",
    " READS    READ  WRITES  WRITTEN    TIME  FILE                        PROCESS",
    "12,000   49 MB     300   1.2 MB  125 ms  /srv/api/data.db            node (4242)",
    "     2   13 kB                    28 us  /usr/li…stddef.h (deleted)  cc1 (977)",
    "   900  800 kB       1     20 B  9.00 s  [sockets]                   2 processes",
    "                    40    70 kB  1.0 ms  [pipes]                     1 process",
    "",
    "ERRORS  MOSTLY  FILE                         PROCESS",
    "    17  ENOENT  /usr/local/include/stddef.h  cc1 (977)",
  ]);
});

test("60 columns leave out how many reads and writes there were", () => {
  assert.deepEqual(formatFilesTable(fileReport(), "make -j4", { columns: 60, rows: 40 }).slice(0, 6), [
    "Files of make -j4 for 10.0 s:",
    "19 opens, 12,902 reads, 341 writes, 0 lost",
    "",
    "  READ  WRITTEN    TIME  FILE                    PROCESS",
    " 49 MB   1.2 MB  125 ms  /srv/api/data.db        node (4242)",
    " 13 kB            28 us  /usr/l…def.h (deleted)  cc1 (977)",
  ]);
});

test("120 columns have room for the file system", () => {
  assert.deepEqual(formatFilesTable(fileReport(), undefined, { columns: 120, rows: 40 }).slice(2, 5), [
    " READS    READ  WRITES  WRITTEN    TIME  ON    FILE                                                         PROCESS",
    "12,000   49 MB     300   1.2 MB  125 ms  ext4  /srv/api/data.db                                             node (4242)",
    "     2   13 kB                    28 us  ext4  /usr/lib/gcc/x86_64-linux-gnu/12/include/stddef.h (deleted)  cc1 (977)",
  ]);
});

test("operations on files that had no room are a line of their own, and count in the first line", () => {
  const unattributed = { ...NO_OPERATIONS, reads: 7, readBytes: 4096, readNs: 1000 };
  const lines = formatFilesTable(fileReport({ files: [], unattributed }), undefined, SIZE);
  assert.deepEqual(lines, [
    "Files for 10.0 s: 0 opens, 7 reads, 0 writes, 0 lost",
    "",
    "READS    READ  WRITES  WRITTEN    TIME  FILE            PROCESS",
    "    7  4.1 kB                   1.0 us  [unattributed]",
  ]);
});

test("a file of which nothing came of anything is among the errors alone", () => {
  const files = [fileStatistics({ type: "directory", path: "/srv", reads: 2, readNs: 900, errors: { EISDIR: 2 } })];
  assert.deepEqual(formatFilesTable(fileReport({ files }), undefined, SIZE).slice(2), [
    "ERRORS  MOSTLY  FILE  PROCESS",
    "     2  EISDIR  /srv  node (4242)",
  ]);
});

test("a report without operations says so", () => {
  assert.deepEqual(formatFilesTable(fileReport({ files: [] }), undefined, SIZE), [
    "Files for 10.0 s: 0 opens, 0 reads, 0 writes, 0 lost",
    "",
    "No file was used.",
  ]);
});

test("what was lost and what is incomplete is told by reason", () => {
  const { lost, incomplete } = fileReport();
  const lines = formatFilesTable(
    fileReport({ lost: { ...lost, eventsFull: 1200 }, incomplete: { ...incomplete, startedBefore: 3 } }),
    undefined,
    SIZE,
  );
  assert.deepEqual(lines.slice(0, 2), [
    "Files for 10.0 s: 19 opens, 12,902 reads, 341 writes, 1,200 lost",
    "lost: eventsFull 1,200",
  ]);
  assert.deepEqual(lines.slice(-2), ["incomplete:", "  3 under way since before the start"]);
});

test("a table has no more lines than it may, and says how much it leaves out", () => {
  const files = Array.from({ length: 100 }, (_, index) =>
    fileStatistics({ path: `/file_${index}`, reads: 2, readBytes: 1, errors: { EIO: 1 } }),
  );
  for (const rows of [14, 24, 50]) {
    const lines = formatFilesTable(fileReport({ files }), undefined, { columns: 80, rows });
    assert.ok(lines.length <= rows, `${lines.length} of ${rows} lines`);
    const shown = lines.findIndex((line) => line.startsWith("and ")) - 3;
    assert.equal(lines[shown + 3], `and ${100 - shown} more`);
  }
});

test("whatever files and processes are called, no line is too long and no control character gets out", () => {
  const name = fc.oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 }),
    fc.constantFrom("\x1b[2J\x1b[31mroot", "\u202eevil", "日本語".repeat(20), "a\nb"),
  );
  fc.assert(
    fc.property(name, name, fc.integer({ min: 60, max: 200 }), (path, processName, columns) => {
      const process = { pid: 4_194_303, name: processName };
      const used = { ...fileReport().files[0], process, path, deleted: true, errors: { EIO: 3 } };
      const files = [fileStatistics(used)];
      for (const line of formatFilesTable(fileReport({ files }), path, { columns, rows: 40 })) {
        assert.equal(line, printable(line));
        assert.ok(displayWidth(line) <= columns, `${displayWidth(line)} columns: ${line}`);
      }
    }),
  );
});

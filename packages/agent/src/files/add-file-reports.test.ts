import assert from "node:assert/strict";
import { test } from "node:test";
import { fileReport, fileStatistics } from "../testing/file-reports.ts";
import { addFileReports, addOperations, NO_OPERATIONS } from "./add-file-reports.ts";

test("what a process did with a path adds up", () => {
  const first = fileStatistics({ opens: 1, reads: 2, readBytes: 30, readNs: 400, errors: { EIO: 1 } });
  const second = fileStatistics({ reads: 5, readBytes: 60, readNs: 700, errors: { EIO: 1, EINTR: 1 }, deleted: true });
  const { files } = addFileReports(fileReport({ files: [first] }), fileReport({ files: [second] }));
  assert.deepEqual(files, [
    fileStatistics({
      opens: 1,
      reads: 7,
      readBytes: 90,
      readNs: 1100,
      errors: { EIO: 2, EINTR: 1 },
      deleted: true,
    }),
  ]);
});

test("another process, another type and another name of the process are told apart; most bytes come first", () => {
  const small = fileStatistics({ path: "7", reads: 1, readBytes: 1 });
  const variants = [
    fileStatistics({ path: "7", reads: 1, readBytes: 4, process: { pid: 7, name: "node" } }),
    fileStatistics({ path: "7", reads: 1, readBytes: 3, process: { pid: 4242, name: "sh" } }),
    fileStatistics({ path: "7", reads: 1, readBytes: 2, type: "none" }),
  ];
  const { files } = addFileReports(fileReport({ files: [small] }), fileReport({ files: variants }));
  assert.deepEqual(files, [...variants, small]);
});

test("losses, durations and what had no room add up", () => {
  const report = fileReport({ files: [], unattributed: { ...NO_OPERATIONS, writes: 2, writtenBytes: 9 } });
  const sum = addFileReports(report, { ...report, lost: { ...report.lost, eventsFull: 3 } });
  assert.equal(sum.durationNs, 20_000_000_000);
  assert.equal(sum.lost.eventsFull, 3);
  assert.deepEqual(sum.unattributed, { ...NO_OPERATIONS, writes: 4, writtenBytes: 18 });
});

test("of more files than are remembered the sums stay exact", () => {
  const files = Array.from({ length: 9000 }, (_, index) =>
    fileStatistics({ path: `/${index}`, opens: 1, reads: 1, readBytes: 1 + index, readNs: 10 }),
  );
  const sum = addFileReports(fileReport({ files }), fileReport({ files: [] }));
  assert.equal(sum.files.length, 8192);
  assert.equal(sum.files.at(-1)?.readBytes, 9000 - 8191);
  assert.deepEqual(
    [...sum.files, sum.unattributed].reduce(addOperations, NO_OPERATIONS),
    files.reduce(addOperations, NO_OPERATIONS),
  );
});

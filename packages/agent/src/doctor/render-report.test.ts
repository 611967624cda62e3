import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { renderReport } from "./render-report.ts";
import type { DoctorReport } from "./report.ts";

const report: DoctorReport = {
  skepVersion: "1.2.3",
  nodeVersion: "24.0.0",
  kernelRelease: "6.1.0",
  architecture: "x64",
  works: false,
  verdict: "Nothing works here.",
  advice: ["Do this."],
  sections: [
    { title: "Kernel", checks: [{ name: "version", status: "yes", detail: "6.1.0" }] },
    {
      title: "Other",
      checks: [
        { name: "long winded", status: "limited", detail: "word ".repeat(16).trim() },
        { name: "gone", status: "no", detail: "for good" },
        { name: "hidden", status: "unknown", detail: "nobody knows" },
      ],
    },
  ],
};

const text = `Skep 1.2.3 on Linux 6.1.0 (x64), Node.js 24.0.0

Kernel
  ✓ version      6.1.0

Other
  ! long winded  word word word word word word word word word word word word
                 word word word word
  ✗ gone         for good
  ? hidden       nobody knows

Nothing works here.
Do this.
`;

test("a report is plain text where there is no terminal", () => {
  assert.equal(renderReport(report, false), text);
});

test("colours change nothing but the colours", () => {
  const coloured = renderReport(report, true);
  assert.notEqual(coloured, text);
  assert.equal(stripVTControlCharacters(coloured), text);
});

test("a path that is too long for a line goes on in the next one", () => {
  const path = `/srv/${"folder/".repeat(14)}${"x".repeat(90)}`;
  const check = { name: "OpenSSL", status: "yes", detail: `${path}, mapped by process 1` } as const;
  const lines = renderReport({ ...report, sections: [{ title: "TLS", checks: [check] }] }, false).split("\n");
  for (const line of lines) assert.ok(line.length <= 80, line);
  const text = lines.map((line) => line.trim()).join("");
  assert.ok(text.includes(path), text);
  assert.ok(lines.some((line) => line.endsWith("folder/")));
});

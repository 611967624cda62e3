import assert from "node:assert/strict";
import { test } from "node:test";
import { replaceSection } from "./readme.ts";
import { renderReport } from "./report.ts";

test("a report is Markdown whose columns are aligned", () => {
  const text = renderReport({
    about: `What ${"was measured ".repeat(12)}here.`,
    tables: [
      {
        columns: ["", "Skep", "libbpf"],
        rows: [
          ["load", "12.0 ms", "40.0 ms"],
          ["attach it", "1 ms", "-"],
        ],
      },
    ],
    goals: [
      { goal: "within 2x", measured: "0.30x", met: true },
      { goal: "< 1 ms", measured: "12.0 ms", met: false },
    ],
    notes: ["Left out: bcc."],
  });
  assert.equal(
    text,
    `What was measured was measured was measured was measured was measured was measured was measured was measured was
measured was measured was measured was measured here.

|           |    Skep |  libbpf |
| --------- | ------: | ------: |
| load      | 12.0 ms | 40.0 ms |
| attach it |    1 ms |       - |

- goal within 2x: **met** (0.30x)
- goal < 1 ms: **missed** (12.0 ms)

Left out: bcc.
`,
  );
});

test("only what stands between a bench's own markers is replaced", () => {
  const document = "a\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nb\n<!-- bench:y -->\n<!-- /bench:y -->\n";
  const written = replaceSection(document, "x", "new\n");
  assert.equal(written, "a\n<!-- bench:x -->\n\nnew\n\n<!-- /bench:x -->\nb\n<!-- bench:y -->\n<!-- /bench:y -->\n");
  assert.equal(replaceSection(written, "x", "new\n"), written);
});

test("markers that are missing, or there twice, are no place to write to", () => {
  for (const document of ["", "<!-- bench:x -->", "<!-- bench:x --><!-- /bench:x --><!-- bench:x -->"]) {
    assert.throws(() => replaceSection(document, "x", ""), /bench\/README\.md needs <!-- bench:x -->/);
  }
});

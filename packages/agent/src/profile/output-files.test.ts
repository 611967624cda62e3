import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { smallReport } from "../testing/small-report.ts";
import { OutputFiles, parseOutputPaths } from "./output-files.ts";

const directory = mkdtempSync(join(tmpdir(), "skep-outputs-"));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

test("each file is written in the format of its name, and named when it is", () => {
  const paths = [at("a.folded"), at("a.json"), at("a.html"), at("a.pb.gz"), at("a.speedscope.json")];
  const written: string[] = [];
  {
    using files = OutputFiles.open(parseOutputPaths(paths));
    files.write(smallReport(), (path) => written.push(path));
  }
  assert.deepEqual(written, paths);
  assert.match(readFileSync(at("a.folded"), "utf8"), /^\S.*;.* \d+\n/);
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(at("a.json"), "utf8"))).slice(0, 2), [
    "durationNs",
    "frequencyHz",
  ]);
  assert.match(readFileSync(at("a.html"), "utf8"), /^<!doctype html>/i);
  assert.deepEqual([...readFileSync(at("a.pb.gz")).subarray(0, 2)], [0x1f, 0x8b]);
  assert.match(JSON.parse(readFileSync(at("a.speedscope.json"), "utf8")).$schema, /speedscope/);
});

test("when one cannot be opened, none is left", () => {
  const before = readdirSync(directory);
  assert.throws(() => OutputFiles.open(parseOutputPaths([at("b.html"), at("missing/b.html")])), {
    message: `cannot write ${at("missing/b.html")}: no such file or directory (ENOENT)`,
  });
  assert.deepEqual(readdirSync(directory), before);
});

test("a name that says no format, or is given twice, is wrong usage", () => {
  assert.throws(() => parseOutputPaths(["profile.txt"]), { name: "UsageError", exitCode: 2 });
  assert.throws(() => parseOutputPaths(["a.html", "./a.html"]), {
    name: "UsageError",
    message: "./a.html is given twice",
    hints: ["each -o names a file of its own"],
  });
  assert.ok(!existsSync("a.html"));
});

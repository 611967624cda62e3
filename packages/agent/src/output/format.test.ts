import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { UsageError } from "../cli/cli-error.ts";
import { smallReport } from "../testing/small-report.ts";
import { outputFormat } from "./format.ts";

test("the end of the name says the format", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["skep-profile.pb.gz", ".pb.gz"],
    ["/var/tmp/a.b.html", ".html"],
    ["x.folded", ".folded"],
    ["x.speedscope.json", ".speedscope.json"],
    ["x.json", ".json"],
  ];
  for (const [path, extension] of cases) assert.equal(outputFormat(path).extension, extension);
});

test("any other name gets the list", () => {
  for (const path of ["profile.txt", "profile", "profile.gz", ""]) {
    assert.throws(
      () => outputFormat(path),
      (error: unknown) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.message, `the name of ${path === "" ? '""' : path} does not say which format to write`);
        assert.deepEqual(error.hints, [
          "it must end in one of .pb.gz (pprof), .html (flame graph), .folded (folded stacks), .speedscope.json (for speedscope.app), .json (the functions)",
        ]);
        return true;
      },
    );
  }
});

test("each format encodes as its name says", () => {
  const text = (path: string) => new TextDecoder().decode(outputFormat(path).encode(smallReport()));
  assert.ok(gunzipSync(outputFormat("x.pb.gz").encode(smallReport())).length > 100);
  assert.match(text("x.folded"), /^api;/);
  assert.match(JSON.parse(text("x.speedscope.json")).$schema, /speedscope/);
  assert.equal(JSON.parse(text("x.json")).samples, 10);
});

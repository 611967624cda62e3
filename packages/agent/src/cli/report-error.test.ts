import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfError } from "@skep/ebpf/errors";
import { OtlpError } from "@skep/otlp/errors";
import { CliError, UsageError } from "./cli-error.ts";
import { describeError } from "./report-error.ts";

const MISTAKE = [
  "      this is a mistake in Skep: please report it, with what --verbose",
  '      adds to this message and with the output of "skep doctor"',
  "",
].join("\n");

const cases: readonly [what: string, error: unknown, exitCode: number, text: string][] = [
  ["a usage error", new UsageError("wrong", "do this"), 2, "skep: wrong\n      do this\n"],
  ["an error without a hint", new CliError("no luck"), 1, "skep: no luck\n"],
  ["an exit code of its own", new CliError("no luck", { exitCode: 127 }), 127, "skep: no luck\n"],
  ["several hints", new CliError("a", { hints: ["b", "c\nd"] }), 1, "skep: a\n      b\n      c\n      d\n"],
  ["the library's error", new BpfError("system", "x failed", { hint: "try y" }), 1, "skep: x failed\n      try y\n"],
  ["the exporter's error", new OtlpError("configuration", "bad", { hint: "good" }), 1, "skep: bad\n      good\n"],
  ["a message of several lines", new BpfError("verifier", "refused\nR1 !read_ok"), 1, "skep: refused\n"],
  [
    "what nobody expected",
    new TypeError("x is not a function"),
    1,
    `skep: unexpected TypeError: x is not a function\n${MISTAKE}`,
  ],
  ["what is not an error at all", "boo", 1, `skep: unexpected boo\n${MISTAKE}`],
];

for (const [what, error, exitCode, text] of cases) {
  test(`reports ${what}`, () => assert.deepEqual(describeError(error, false), { text, exitCode }));
}

test("shows causes and stacks only when asked", () => {
  const error = new CliError("no luck", { cause: new Error("deep", { cause: "deeper" }) });
  const { text } = describeError(error, true);
  assert.match(
    text,
    /^skep: no luck\n\nCliError: no luck\n {4}at .*\ncaused by Error: deep\n {4}at .*\ncaused by deeper\n$/s,
  );
});

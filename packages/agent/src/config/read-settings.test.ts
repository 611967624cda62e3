import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CliError } from "../cli/cli-error.ts";
import { defaultSettings } from "./default-settings.ts";
import { describeSettings } from "./describe-settings.ts";
import { printDefaultSettings } from "./print-settings.ts";
import { readSettings } from "./read-settings.ts";

test("what print-default prints is the default, with and without its examples", () => {
  const printed = printDefaultSettings();
  assert.deepEqual(readSettings(printed, "skep.yaml"), defaultSettings());
  const withExamples = readSettings(printed.replace(/# ([a-z]\w*: )/g, "$1"), "skep.yaml");
  assert.equal(withExamples.otlp.endpoint, "http://127.0.0.1:4318");
  assert.equal(withExamples.targets.cgroup, "system.slice/nginx.service");
});

test("every key is explained, but for switches and those that their section explains", () => {
  const unexplained = describeSettings().flatMap(({ name, help, keys }) => [
    ...(help === "" ? [name] : []),
    ...(keys ?? []).filter((key) => key.help === "" && key.name !== "enabled").map((key) => `${name}.${key.name}`),
  ]);
  assert.deepEqual(unexplained, []);
});

test("what is not said keeps its default", () => {
  const { tracers, page } = readSettings("tracers:\n  cpu:\n    frequencyHz: 49\n  files:\npage:\n", "skep.yaml");
  assert.deepEqual(tracers.cpu, { enabled: true, frequencyHz: 49 });
  assert.deepEqual(tracers.files, defaultSettings().tracers.files);
  assert.deepEqual(page, defaultSettings().page);
  for (const nothing of ["", "# nothing\n", "---\n", "null", "{}"]) {
    assert.deepEqual(readSettings(nothing, "skep.yaml"), defaultSettings());
  }
});

const mistakes: readonly [text: string, message: string, ...hints: string[]][] = [
  ["tracers:\n  syscals: {}\n", "skep.yaml:2:3: unknown key tracers.syscals", "did you mean syscalls?"],
  [
    "fruit: 1\n",
    "skep.yaml:1:1: unknown key fruit",
    "allowed: tracers, targets, intervalSeconds, otlp, resource, page, limits",
  ],
  [
    "tracers:\n  cpu:\n    frequencyHz: 0.5\n",
    "skep.yaml:3:18: tracers.cpu.frequencyHz: 0.5 is not allowed",
    "allowed: a whole number from 1 to 1000",
  ],
  ["page: {enabled: yes}\n", 'skep.yaml:1:17: page.enabled: "yes" is not allowed', "allowed: true or false"],
  [
    "otlp:\n  endpoint: collector:4317\n",
    'skep.yaml:2:13: otlp.endpoint: "collector:4317" is not allowed',
    "allowed: an address that begins with http:// or https://",
  ],
  [
    "otlp:\n  headers:\n    a.b: 3\n",
    "skep.yaml:3:10: otlp.headers.a.b: 3 is not allowed",
    "allowed: keys with texts: {key: text}",
  ],
  ["page: 3\n", "skep.yaml:1:7: page: 3 is not allowed", "allowed: keys with values, one on each line"],
  ["tracers: [cpu]\n", "skep.yaml:1:11: tracers: a list is not allowed", "allowed: keys with values, one on each line"],
  ["- 1\n", "skep.yaml:1:3: a list is not allowed", "allowed: keys with values, one on each line"],
  ["just text\n", 'skep.yaml:1:1: "just text" is not allowed', "allowed: keys with values, one on each line"],
  [
    "limits:\n  cpuPercent: .nan\n",
    "skep.yaml:2:15: limits.cpuPercent: NaN is not allowed",
    "allowed: a number from 0.1 to 100",
  ],
  ["page:\n  port: 1\n  port: 2\n", "skep.yaml:3:3: not YAML: Map keys must be unique"],
  ["page: &a\n  port: *a\n", "skep.yaml is nested more than 16 levels deep"],
];

for (const [text, message, ...hints] of mistakes) {
  test(`${JSON.stringify(text)} is answered with its place, its key and what is allowed`, () => {
    assert.throws(
      () => readSettings(text, "skep.yaml"),
      (error: unknown) => {
        assert.ok(error instanceof CliError, String(error));
        assert.deepEqual([error.message, ...error.hints], [message, ...hints]);
        return true;
      },
    );
  });
}

test("several mistakes are told in the order of their lines", () => {
  assert.throws(() => readSettings("page:\n  port: x\nintervalSeconds: 0\nfoo: 1\n", "skep.yaml"), {
    message: 'skep.yaml:2:9: page.port: "x" is not allowed',
    hints: [
      "allowed: a whole number from 0 to 65535",
      "skep.yaml:3:18: intervalSeconds: 0 is not allowed; allowed: a whole number from 1 to 300",
      "skep.yaml:4:1: unknown key foo; allowed: tracers, targets, intervalSeconds, otlp, resource, page, limits",
    ],
  });
});

test("a file that grows to a billion values by its aliases is refused", () => {
  const levels = Array.from({ length: 12 }, (_, level) => {
    const inner = level === 0 ? "lol" : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array.from({ length: 10 }, () => inner).join(", ")}]`;
  });
  assert.throws(() => readSettings(levels.join("\n"), "skep.yaml"), CliError);
});

test("any text is a configuration or a CliError", () => {
  const fragments = fc.constantFrom(
    "tracers",
    "page",
    "port",
    ":",
    " ",
    "\n",
    "  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&a",
    "*a",
    "!!",
    "|",
    '"',
    "#",
    "1",
    "null",
    "<<",
    "? ",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fragments, { maxLength: 30 }).map((parts) => parts.join("")),
      ),
      (text) => {
        try {
          readSettings(text, "skep.yaml");
        } catch (error) {
          assert.ok(error instanceof CliError, `${JSON.stringify(text)}: ${String(error)}`);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

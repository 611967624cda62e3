import assert from "node:assert/strict";
import { test } from "node:test";
import type { OptionSpecs } from "./option-spec.ts";
import { hasFlag, parseArguments } from "./parse-arguments.ts";

const grammar = {
  name: "brew",
  takesCommand: true,
  options: {
    "milk-fat": { short: "m", value: "PERCENT", help: "" },
    output: { short: "o", value: "FILE", repeatable: true, help: "" },
    json: { help: "" },
  } satisfies OptionSpecs,
} as const;

const nothing = { "milk-fat": undefined, output: [], json: false };

const understood: readonly [args: readonly string[], options: object, command?: readonly string[]][] = [
  [[], nothing],
  [["--json"], { ...nothing, json: true }],
  [["--json", "--json"], { ...nothing, json: true }],
  [["-m", "3"], { ...nothing, "milk-fat": "3" }],
  [["-m3"], { ...nothing, "milk-fat": "3" }],
  [["--milk-fat", "3"], { ...nothing, "milk-fat": "3" }],
  [["--milk-fat=3"], { ...nothing, "milk-fat": "3" }],
  [["-m", "1", "--milk-fat=2"], { ...nothing, "milk-fat": "2" }],
  [["--milk-fat=-3"], { ...nothing, "milk-fat": "-3" }],
  [["-o", "a", "--output", "b"], { ...nothing, output: ["a", "b"] }],
  [["--verbose"], nothing],
  [["--", "make", "-j4", "--json", "--", "x"], nothing, ["make", "-j4", "--json", "--", "x"]],
  [["--json", "--", ""], { ...nothing, json: true }, [""]],
];

for (const [args, options, command] of understood) {
  test(`understands "${args.join(" ")}"`, () => {
    assert.deepEqual(parseArguments(grammar, args), { options, command, argument: "" });
  });
}

const LISTS = '"skep help brew" lists the options';

const refused: readonly [args: readonly string[], message: string, ...hints: string[]][] = [
  [["--jsn"], "unknown option --jsn", `did you mean --json? ${LISTS}`],
  [["--milk"], "unknown option --milk", `did you mean --milk-fat? ${LISTS}`],
  [["--zzz"], "unknown option --zzz", LISTS],
  [["-x"], "unknown option -x", LISTS],
  [["--no-json"], "unknown option --no-json", `did you mean --json? ${LISTS}`],
  [["--toString"], "unknown option --toString", LISTS],
  [["--__proto__=1"], "unknown option --__proto__", LISTS],
  [["-o"], "-o needs a value: -o FILE"],
  [["--output="], "--output needs a value: --output FILE"],
  [["-o", "--json"], "-o needs a value: -o FILE"],
  [["-o", "--", "make"], "-o needs a value: -o FILE"],
  [["--json=yes"], "--json takes no value", 'leave out "yes"'],
  [["make", "-x"], 'unexpected argument "make"', "to run a command, put -- before it: skep brew -- make"],
  [["--"], "a command is missing after --", LISTS],
];

for (const [args, message, ...hints] of refused) {
  test(`refuses "${args.join(" ")}"`, () => {
    assert.throws(() => parseArguments(grammar, args), { name: "UsageError", message, hints, exitCode: 2 });
  });
}

test("a command that starts none refuses -- and plain arguments", () => {
  const plain = { name: "brew", options: {} };
  assert.throws(() => parseArguments(plain, ["--", "make"]), {
    message: '"skep brew" takes no command after --',
    hints: [LISTS],
  });
  assert.throws(() => parseArguments(plain, ["make"]), { message: 'unexpected argument "make"', hints: [LISTS] });
});

test("a command that needs an argument takes one, wherever it stands", () => {
  const needy = { name: "drink", argument: "CUP", options: { hot: { help: "" } } };
  for (const args of [
    ["big", "--hot"],
    ["--hot", "big"],
  ]) {
    assert.deepEqual(parseArguments(needy, args), { options: { hot: true }, command: undefined, argument: "big" });
  }
  assert.throws(() => parseArguments(needy, ["--hot"]), { message: "CUP is missing", hints: ["skep drink CUP"] });
  assert.throws(() => parseArguments(needy, ["a", "b"]), { message: 'unexpected argument "b"' });
});

test("flags of the user's own command are not ours", () => {
  assert.equal(hasFlag(["-h"], "help"), true);
  assert.equal(hasFlag(["--json", "--help"], "help"), true);
  assert.equal(hasFlag(["--", "make", "--help"], "help"), false);
  assert.equal(hasFlag(["--", "make", "--verbose"], "verbose"), false);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProcessEvent } from "@skep/tracers/processes";
import fc from "fast-check";
import { displayWidth, printable } from "../output/text.ts";
import {
  processExec,
  processExecFailure,
  processExit,
  processKilled,
  processStart,
} from "../testing/process-events.ts";
import { formatProcessEvent, PROCESS_TITLES } from "./process-line.ts";

/** The time of day depends on where the test runs. */
const whole = (event: ProcessEvent) => formatProcessEvent(event, undefined).replace(/^\d\d:\d\d:\d\d\.123 /, "");
const at80 = (event: ProcessEvent) => formatProcessEvent(event, 80).slice(13);

const lines: readonly [event: ProcessEvent, whole: string, at80?: string][] = [
  [processStart(), "   4242    4200  start   make"],
  [processExec(), "   4242    4200  exec    make -j4 'a target'"],
  [
    processExec({ arguments: ["sh", "-c", `echo ${"x".repeat(60)}`], argumentCount: 3 }),
    `   4242    4200  exec    sh -c 'echo ${"x".repeat(60)}'`,
    `   4242    4200  exec    sh -c 'echo ${"x".repeat(29)}…`,
  ],
  [
    processExec({ arguments: ["a", "b"], argumentCount: 200, argumentsTruncated: true }),
    "   4242    4200  exec    a b … (200 arguments)",
  ],
  [processExec({ arguments: [], argumentCount: 0 }), "   4242    4200  exec    /usr/bin/make"],
  [processExecFailure(), "   4242    4200  failed  /usr/local/bin/cc: ENOENT"],
  [
    processExecFailure({ path: `/${"long/".repeat(20)}cc` }),
    `   4242    4200  failed  /${"long/".repeat(20)}cc: ENOENT`,
    "   4242    4200  failed  /long/long/long/…long/long/long/cc: ENOENT",
  ],
  [processExit({ exitCode: 2 }), "   4242    4200  exit    make: 2, 1.20 s, CPU 900 ms, 12 MB"],
  [
    processKilled("SIGSEGV", true),
    "   4242    4200  exit    make: SIGSEGV core, 1.20 s, CPU 900 ms, 12 MB",
    "   4242    4200  exit    make: SIGSEGV core, 1.20 s, CPU 900 ms, 1…",
  ],
  [
    { ...processKilled("SIGKILL", false), name: "kworker-events" },
    "   4242    4200  exit    kworker-events: SIGKILL, 1.20 s, CPU 900 ms, 12 MB",
    "   4242    4200  exit    kw…nts: SIGKILL, 1.20 s, CPU 900 ms, 12 MB",
  ],
];

for (const [event, expected, expectedAt80] of lines) {
  test(`shows ${event.kind}: ${expected.slice(25)}`, () => {
    assert.equal(whole(event), expected);
    if (expectedAt80 !== undefined) assert.equal(at80(event), expectedAt80);
    assert.ok(displayWidth(formatProcessEvent(event, 80)) <= 80);
  });
}

test("titles stand above what they name", () => {
  assert.equal(PROCESS_TITLES, "TIME             PID  PARENT  EVENT   WHAT");
});

test("whatever processes call themselves, a line is one line, fits, and holds nothing that a terminal obeys", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("\x1b[2J\x1b[31mroot", "\u202eevil", "日本語".repeat(40), "a\nb"),
  );
  fc.assert(
    fc.property(text, fc.array(text), fc.integer({ min: 60, max: 200 }), (name, words, columns) => {
      const events = [
        { ...processStart(), name },
        processExec({ arguments: words }),
        processExecFailure({ path: name }),
        { ...processKilled("SIGVTALRM", true), name },
      ];
      for (const event of events) {
        const line = formatProcessEvent(event, columns);
        assert.equal(line, printable(line));
        assert.ok(displayWidth(line) <= columns, line);
      }
    }),
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { smallReport } from "../testing/small-report.ts";
import { syntheticReport } from "../testing/synthetic-report.ts";
import { encodeFolded } from "./folded.ts";

test("a line per stack, root first, the process in front", () => {
  assert.equal(
    encodeFolded(smallReport()),
    [
      "api;app+0x6001 1",
      "api;main;JS:*sum /srv/sum.js:7:1 1",
      "api;main;Tree::walk(Node const*);Tree::walk(Node const*) 3",
      "api;main;Tree::walk(Node const*);memcpy 2",
      "sh 1",
      "sh;memcpy;copy_user_generic 2",
      "",
    ].join("\n"),
  );
});

test("off-CPU the values are nanoseconds", () => {
  assert.match(encodeFolded(smallReport({ mode: "off-cpu" })), /^sh;memcpy;copy_user_generic 40000000$/m);
});

test("no name can break a line or a stack apart", () => {
  const [sample] = smallReport().samples;
  const [frame] = sample?.stack ?? [];
  assert.ok(sample && frame);
  const report = smallReport({
    samples: [
      {
        ...sample,
        stack: [{ ...frame, name: "<[u8; 4]>::len\nroot;x 1" }],
        process: { pid: 1, name: "a;b\r\n" },
      },
    ],
  });
  assert.equal(encodeFolded(report), "a:b\\x0d\\x0a;<[u8: 4]>::len\\x0aroot:x 1 3\n");
});

test("equal stacks are added up, and the sum is the samples", () => {
  const lines = encodeFolded(syntheticReport()).trimEnd().split("\n");
  assert.equal(new Set(lines.map((line) => line.slice(0, line.lastIndexOf(" ")))).size, lines.length);
  assert.equal(
    lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0),
    1204,
  );
});

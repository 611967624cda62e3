import assert from "node:assert/strict";
import { test } from "node:test";
import { smallReport } from "../testing/small-report.ts";
import { syntheticReport } from "../testing/synthetic-report.ts";
import type { FlameGraphData } from "./flame-graph-data.ts";
import { flameGraphData } from "./flame-tree.ts";
import { encodeHtml } from "./html.ts";

const template = '<head></head><script type="application/json" id="profile"></script><footer>$&</footer>';

/** The tree in words: `depth name self`. */
function outline({ processes, names, frames }: FlameGraphData): readonly string[] {
  return processes.flatMap(({ name, pid, self, nodes }) => [
    `${name} (${pid}) ${self}`,
    ...Array.from({ length: nodes.length / 3 }, (_, index) => {
      const [depth = 0, frame = 0, value] = nodes.slice(3 * index);
      return `${"  ".repeat(depth + 1)}${names[frames[3 * frame] ?? -1]} ${value}`;
    }),
  ]);
}

test("stacks become one tree per process, the heaviest first at every level", () => {
  const data = flameGraphData(smallReport(), "box");
  assert.deepEqual(outline(data), [
    "api (42) 0",
    "  main 0",
    "    Tree::walk(Node const*) 0",
    "      Tree::walk(Node const*) 3",
    "      memcpy 2",
    "    JS:*sum /srv/sum.js:7:1 1",
    "  app+0x6001 1",
    "sh (7) 1",
    "  memcpy 0",
    "    copy_user_generic 2",
  ]);
  assert.deepEqual(data.kinds, ["native", "jit", "unnamed", "kernel"]);
  assert.deepEqual(data.modules, ["app", "libc.so.6", "[jit]", "[kernel]"]);
  assert.equal(data.processes[1]?.containerId, "c0ffee");
});

test("the tree keeps every sample", () => {
  const { processes } = flameGraphData(syntheticReport(), "box");
  const selfValues = processes.flatMap(({ self, nodes }) => [self, ...nodes.filter((_, index) => index % 3 === 2)]);
  assert.equal(
    selfValues.reduce((sum, value) => sum + value, 0),
    1204,
  );
});

test("the data stands in the page as JSON", () => {
  const html = encodeHtml(smallReport(), { template, hostName: "box" });
  const [, before, json = "", after] =
    /^(.*<script type="application\/json" id="profile">)(.*)(<\/script>.*)$/s.exec(html) ?? [];
  assert.equal(before, '<head></head><script type="application/json" id="profile">');
  assert.equal(after, "</script><footer>$&</footer>");
  assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(flameGraphData(smallReport(), "box"))));
});

test("no name ends the data or breaks out of it", () => {
  const hostile = "</script><script>alert(1)</script><!--$&\x1b\u202e";
  const [sample] = smallReport().samples;
  const [frame] = sample?.stack ?? [];
  assert.ok(sample && frame);
  const report = smallReport({
    subject: hostile,
    samples: [{ ...sample, stack: [{ ...frame, name: hostile }], process: { pid: 1, name: hostile } }],
  });
  const html = encodeHtml(report, { template, hostName: hostile });
  assert.equal(html.match(/<\/?script/g)?.length, 2);
  assert.ok(!html.includes("<!--"));
  assert.ok(!html.includes("\u202e"));
  assert.match(html, /\\u003c\/script>\\u003cscript>alert\(1\)/);
});

test("a template without a place for the data is refused", () => {
  assert.throws(
    () => encodeHtml(smallReport(), { template: "<html></html>" }),
    new Error("the flame graph template has no place for its data"),
  );
});

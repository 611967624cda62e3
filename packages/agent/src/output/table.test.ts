import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { smallReport } from "../testing/small-report.ts";
import { syntheticReport } from "../testing/synthetic-report.ts";
import { formatTable } from "./table.ts";
import { displayWidth, printable } from "./text.ts";

test("80 columns", () => {
  assert.equal(
    formatTable(syntheticReport(), { rows: 12 }),
    [
      "99 Hz on 2 CPUs for 10.0 s: 1,204 samples, 0 lost",
      "",
      "  SELF   TOTAL  FUNCTION                             MODULE       PROCESS",
      "  5.1%   15.7%  __x64_sys_writev                     [kernel]     api (4242)",
      "  3.7%    5.9%  ip_finish_output2                    [kernel]     api (4242)",
      "  3.3%   14.0%  BackendStartup                       postgres     postgres (907)",
      "  3.3%    7.9%  write                                libc.so.6    dd (6001)",
      "  3.2%    5.3%  do_syscall_64                        [kernel]     python3 (5120)",
      "  3.2%   20.3%  entry_SYSCALL_64_after_hwframe       [kernel]     api (4242)",
      "  3.1%   10.5%  tcp_sendmsg                          [kernel]     api (4242)",
      "  3.0%   17.3%  JS:*serialize …/order.js:9:22        [jit]        api (4242)",
      "  2.7%   14.3%  PyObject_Vectorcall                  python3.11   python3 (5120)",
      "  2.7%   17.9%  SSL_write                            libssl.so.3  nginx (311)",
      "  2.4%   24.7%  node::(anon…::on_message_complete()  node         api (4242)",
      "  2.4%   19.1%  std::_Rb_tree<…>::find(…)            node         api (4242)",
      "",
      "and 72 more functions",
      "",
    ].join("\n"),
  );
});

test("120 columns", () => {
  assert.equal(
    formatTable(syntheticReport(), { columns: 120, rows: 12 }),
    [
      "99 Hz on 2 CPUs for 10.0 s: 1,204 samples, 0 lost",
      "",
      "  SELF   TOTAL  FUNCTION                                                                     MODULE       PROCESS",
      "  5.1%   15.7%  __x64_sys_writev                                                             [kernel]     api (4242)",
      "  3.7%    5.9%  ip_finish_output2                                                            [kernel]     api (4242)",
      "  3.3%   14.0%  BackendStartup                                                               postgres     postgres (907)",
      "  3.3%    7.9%  write                                                                        libc.so.6    dd (6001)",
      "  3.2%    5.3%  do_syscall_64                                                                [kernel]     python3 (5120)",
      "  3.2%   20.3%  entry_SYSCALL_64_after_hwframe                                               [kernel]     api (4242)",
      "  3.1%   10.5%  tcp_sendmsg                                                                  [kernel]     api (4242)",
      "  3.0%   17.3%  JS:*serialize /srv/api/src/serializers/order.js:9:22                         [jit]        api (4242)",
      "  2.7%   14.3%  PyObject_Vectorcall                                                          python3.11   python3 (5120)",
      "  2.7%   17.9%  SSL_write                                                                    libssl.so.3  nginx (311)",
      "  2.4%   24.7%  node::(anonymous namespace)::Parser::on_message_complete()                   node         api (4242)",
      "  2.4%   19.1%  std::_Rb_tree<…>::find(…)                                                    node         api (4242)",
      "",
      "and 72 more functions",
      "",
    ].join("\n"),
  );
});

test("off-CPU the columns are durations", () => {
  assert.equal(
    formatTable(smallReport({ mode: "off-cpu" })),
    [
      "Off-CPU for 10.0 s: 10 waits, 200 ms in all, 0 lost",
      "",
      "  SELF   TOTAL  FUNCTION                 MODULE     PROCESS",
      " 60 ms  100 ms  Tree::walk(Node const*)  app        api (42)",
      " 40 ms   40 ms  copy_user_generic        [kernel]   sh (7)",
      " 40 ms   40 ms  memcpy                   libc.so.6  api (42)",
      " 20 ms   20 ms  JS:*sum /srv/sum.js:7:1  [jit]      api (42)",
      " 20 ms   20 ms  [no stack]                          sh (7)",
      " 20 ms   20 ms  app+0x6001               app        api (42)",
      "  0 ns  120 ms  main                     app        api (42)",
      "  0 ns   40 ms  memcpy                   libc.so.6  sh (7)",
      "",
    ].join("\n"),
  );
});

test("what was lost is told by reason", () => {
  assert.equal(
    formatTable(smallReport({ lost: { "stacks-full": 1200, exited: 0, truncated: 3 } }), { rows: 7 }),
    [
      "99 Hz on 2 CPUs for 10.0 s: 10 samples, 1,203 lost",
      "lost: stacks-full 1,200, truncated 3",
      "",
      "  SELF   TOTAL  FUNCTION                 MODULE     PROCESS",
      " 30.0%   50.0%  Tree::walk(Node const*)  app        api (42)",
      " 20.0%   20.0%  copy_user_generic        [kernel]   sh (7)",
      " 20.0%   20.0%  memcpy                   libc.so.6  api (42)",
      " 10.0%   10.0%  JS:*sum /srv/sum.js:7:1  [jit]      api (42)",
      " 10.0%   10.0%  [no stack]                          sh (7)",
      " 10.0%   10.0%  app+0x6001               app        api (42)",
      "  0.0%   60.0%  main                     app        api (42)",
      "",
      "and 1 more function",
      "",
    ].join("\n"),
  );
});

test("a report without samples says so", () => {
  const empty = { samples: [], sampleCount: 0, cpuCount: 1 };
  assert.equal(
    formatTable(smallReport(empty)),
    "99 Hz on 1 CPU for 10.0 s: 0 samples, 0 lost\n\nNothing ran on a CPU.\n",
  );
  assert.equal(
    formatTable(smallReport({ ...empty, mode: "off-cpu" })),
    "Off-CPU for 10.0 s: 0 waits, 0 ns in all, 0 lost\n\nNothing waited.\n",
  );
});

test("what counts though a part of it is missing is told at the end", () => {
  const table = formatTable(smallReport({ incomplete: { truncated: 3, exited: 0 } }));
  assert.ok(
    table.endsWith("memcpy                   libc.so.6  sh (7)\n\nincomplete:\n  3 deeper than 127 frames\n"),
    table,
  );
});

test("whatever programs call themselves, no line is too long and no control character gets out", () => {
  const [sample] = smallReport().samples;
  const [frame] = sample?.stack ?? [];
  assert.ok(sample && frame);
  const hostileNames = fc.string({ unit: "grapheme", minLength: 1, maxLength: 120 });
  const escapes = fc.constantFrom(
    "\x1b[2J\x1b[31mroot",
    "\u202eevil",
    "日本語日本語日本語日本語日本語日本語日本語日本語日本語",
    "a\nb",
  );
  const name = fc.oneof(hostileNames, escapes);
  fc.assert(
    fc.property(name, name, name, fc.integer({ min: 60, max: 200 }), (functionName, module, process, columns) => {
      const table = formatTable(
        smallReport({
          samples: [
            {
              ...sample,
              stack: [{ ...frame, name: functionName, mapping: { ...frame.mapping, name: module } }],
              process: { pid: 4_194_303, name: process },
            },
          ],
        }),
        { columns },
      );
      const lines = table.trimEnd().split("\n");
      assert.equal(lines.length, 4);
      for (const line of lines) {
        assert.equal(line, printable(line));
        assert.ok(displayWidth(line) <= columns, `${displayWidth(line)} columns: ${line}`);
      }
    }),
  );
});

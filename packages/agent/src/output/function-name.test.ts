import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { shortenFunctionName } from "./function-name.ts";
import { displayWidth } from "./text.ts";

test("a name gives up its parameters first, then template arguments, then its middle", () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ["memcpy", 20, "memcpy"],
    ["v8::internal::Scavenger::Process(v8::JobDelegate*)", 40, "v8::internal::Scavenger::Process(…)"],
    ["v8::internal::Scavenger::Process(v8::JobDelegate*)", 24, "v8::inte…ger::Process(…)"],
    ["std::vector<int, std::allocator<int> >::at(unsigned long) const", 30, "std::vector<…>::at(…) const"],
    ["foo(int, std::string const&) [clone .cold]", 20, "foo(…) [clone .cold]"],
    ["JS:*parse /srv/app/lib/parse.js:112:17", 35, "JS:*parse …/parse.js:112:17"],
    ["JS:~processTicks node:internal/process/task_queues:72:35", 40, "JS:~processTicks …/task_queues:72:35"],
    ["node::(anonymous namespace)::Parser::run(char const*, int)", 40, "node::(anonym…namespace)::Parser::run(…)"],
    ["a::(anonymous namespace)::with_a_long_name_here", 30, "a::(anonym…th_a_long_name_here"],
    ["void f<int>(int)::{lambda(int)#1}::operator()(int) const", 45, "void f<…>(int):…(int)#1}::operator()(…) const"],
    ["ns::operator<< <some::very::long::argument>(std::ostream&)", 24, "ns::operator<< <…>(…)"],
    ["<alloc::vec::Vec<T> as core::iter::Extend<T>>::extend", 20, "<…>::extend"],
    ["core::ops::function::FnOnce<fn() -> i32>::call_once", 40, "core::ops::fu…tion::FnOnce<…>::call_once"],
    ["a_broken_name_with_brackets>>that_do_not_match", 20, "a_brok…_do_not_match"],
    ["a_broken_name_with<<<brackets_that_do_not_match", 20, "a_brok…_do_not_match"],
    ["_ZN4core3fmt9Formatter15pad_integral17h1a2b3c4d5e6f7a8bE", 20, "_ZN4co…3c4d5e6f7a8bE"],
    ["main(", 4, "m…n("],
    ["unbalanced)", 8, "un…nced)"],
    ["f()", 2, "…)"],
  ];
  for (const [name, columns, expected] of cases) assert.equal(shortenFunctionName(name, columns), expected, name);
});

test("any name fits", () => {
  const names = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom("(", ")", "<", ">", "a", ":", "operator", "-") }),
  );
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 40 }), (name, columns) => {
      assert.ok(displayWidth(shortenFunctionName(name, columns)) <= columns);
    }),
  );
});

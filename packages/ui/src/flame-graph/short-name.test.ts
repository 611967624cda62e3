import assert from "node:assert/strict";
import { test } from "node:test";
import { shortName } from "./short-name.ts";

test("a name gives up parameters first, then qualifiers from the left", () => {
  const process = "v8::internal::Scavenger::Process(v8::JobDelegate*)";
  const cases: readonly (readonly [string, number, string])[] = [
    [process, 60, process],
    [process, 40, "v8::internal::Scavenger::Process"],
    [process, 28, "internal::Scavenger::Process"],
    [process, 20, "Scavenger::Process"],
    [process, 3, "Process"],
    ["void a::B<c::D>::run<int>(int, e::F)", 28, "void a::B<c::D>::run<int>"],
    ["void a::B<c::D>::run<int>(int, e::F)", 12, "B<…>::run<…>"],
    [
      "llvm::PassManager<llvm::Module, llvm::AnalysisManager<llvm::Module> >::run(llvm::Module&)",
      21,
      "PassManager<…>::run",
    ],
    ["a::operator<=>", 13, "operator<=>"],
    ["node::(anonymous namespace)::Parser::on_message()", 25, "Parser::on_message"],
    ["a::f(int)::{lambda(b::C)#1}::operator()(int) const", 30, "{lambda(b::C)#1}::operator"],
    ["std::vector<int>::at(unsigned long) const", 20, "std::vector<int>::at"],
    ["<alloc::vec::Vec<T> as core::iter::Extend<T>>::extend", 20, "extend"],
    ["core::ops::FnOnce<fn() -> i32>::call_once", 15, "call_once"],
    ["JS:*parse /srv/lib/parse.js:112:17", 10, "JS:*parse /srv/lib/parse.js:112:17"],
    ["do_syscall_64", 4, "do_syscall_64"],
    ["broken<(::name", 4, "broken<(::name"],
  ];
  for (const [name, characters, expected] of cases) assert.equal(shortName(name, characters), expected, name);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Demangler } from "./demangler.ts";
import { loadCxxDemangle } from "./itanium.ts";
import { demangleRustLegacy } from "./rust-legacy.ts";
import { demangleRustV0 } from "./rust-v0.ts";

describe("demangleRustLegacy", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"],
    ["ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"],
    [
      "_ZN60_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$3fmt17h0123456789abcdefE",
      "<alloc::string::String as core::fmt::Display>::fmt",
    ],
    [
      "_ZN3std2rt10lang_start28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE.llvm.123",
      "std::rt::lang_start::{{closure}}",
    ],
    ["_ZN35_$RF$$BP$$SP$$LP$$RP$$C$$u5b$x$u5d$3foo17h0123456789abcdefE", "&*@(),[x]::foo"],
    ["_ZN8$u110000$17h0123456789abcdefE", undefined],
    ["_ZN17h0123456789abcdefE", undefined],
    ["_ZN3foo17h0123456789abcdeE", undefined],
    ["_ZN9999foo17h0123456789abcdefE", undefined],
    ["_ZN3foo3barE", undefined],
    ["main", undefined],
  ];
  for (const [symbol, expected] of cases) it(symbol, () => assert.equal(demangleRustLegacy(symbol), expected));
});

describe("demangleRustV0", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["_RNvCs6GmmlP4bgsG_1r4main", "r::main"],
    ["_RNvCs6GmmlP4bgsG_1r4main.llvm.42", "r::main"],
    ["_RNCNvCs6GmmlP4bgsG_1r4mains_0B3_", "r::main::{closure#1}"],
    ["_RNSC1a4shim", "a::{shim:shim#0}"],
    ["_RINvCs6GmmlP4bgsG_1r2ccKc3c0_Kb1_Kan5_EB2_", "r::cc::<'\\u{3c0}', true, -5>"],
    ["_RINvC1r2gxFG0_RL1_eQL0_SlEzEB2_", "r::gx::<for<'a, 'b> fn(&'a str, &'b mut [i32]) -> !>"],
    ["_RINvC1r2gxFUKChEuEB2_", 'r::gx::<unsafe extern "C" fn(u8)>'],
    ["_RINvC1r2gxFK14rust_intrinsicEuEB2_", 'r::gx::<extern "rust-intrinsic" fn()>'],
    ["_RINvC1r2gxDG_INtC1c2FnTRL0_hEEp6OutputRL0_hEL_EB2_", "r::gx::<dyn for<'a> c::Fn<(&'a u8,), Output = &'a u8>>"],
    ["_RINvC1r2gxODNtC1c8Iteratorp4ItemcEL_EB2_", "r::gx::<*mut dyn c::Iterator<Item = char>>"],
    ["_RINvC1r2gxPTEEB2_", "r::gx::<*const ()>"],
    ["_RINvC1r2gxATuuEj7_EB2_", "r::gx::<[((), ()); 7]>"],
    ["_RINvC1r2gxL_Kh0_KpE", "r::gx::<'_, 0, _>"],
    ["_RINvC1r2gxKoffffffffffffffffff_E", "r::gx::<0xffffffffffffffffff>"],
    ["_RINvC1r2ccKca_Kc27_Kc61_E", "r::cc::<'\\n', '\\'', 'a'>"],
    ["_RNvMNtC4core3strReE4trim", undefined],
    ["_RNvMNtC4core3stre4trim", "<str>::trim"],
    ["_RNvXs_C1rINtB4_1PhENtB4_2Tr2go", "<r::P<u8> as r::Tr>::go"],
    ["_RNvYhNtC1r2Tr2go", "<u8 as r::Tr>::go"],
    ["_RNvC1ru9gre_6ka8i", "r::größe"],
    ["_RNvC1r3_1f", undefined],
    ["_RNvC1r2_1f", "r::1f"],
    ["_RNvC1r1", undefined],
    ["_R", undefined],
    ["_RC", undefined],
    ["_RB_", undefined],
    ["_RNvB_1f", undefined],
    ["_RINvC1r1fKb2_E", undefined],
    ["_RINvC1r1fKcd800_E", undefined],
    ["_RINvC1r1fL0_E", undefined],
    ["main", undefined],
  ];
  for (const [symbol, expected] of cases) it(symbol, () => assert.equal(demangleRustV0(symbol), expected));

  it("bounds depth", () => {
    assert.equal(demangleRustV0(`_RINvC1r1f${"R".repeat(100)}hE`), `r::f::<${"&".repeat(100)}u8>`);
    assert.equal(demangleRustV0(`_RINvC1r1f${"R".repeat(10_000)}hE`), undefined);
  });

  it("bounds output, where back-references double it", () => {
    let symbol = "INvC1r1fTuuE";
    let last = 8;
    for (let level = 0; level < 40; level++) {
      const start = symbol.length;
      symbol += `TB${base62(last)}B${base62(last)}E`;
      last = start;
    }
    assert.equal(demangleRustV0(`_R${symbol}E`), undefined);
  });

  it("meets any text without an error", () => {
    const grammar = fc.array(fc.constantFrom(..."CNMXYIBRQPOASTFDLKGUEpvsu_0123456789abcdefhz"), { maxLength: 60 });
    fc.assert(
      fc.property(grammar, (characters) => {
        demangleRustV0(`_R${characters.join("")}`);
        demangleRustV0(`_RINvC1r1f${characters.join("")}`);
      }),
      { numRuns: 2000 },
    );
  });
});

function base62(value: number): string {
  if (value === 0) return "_";
  const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  let text = "";
  for (let rest = value - 1; text === "" || rest > 0; rest = Math.floor(rest / 62))
    text = (digits[rest % 62] ?? "") + text;
  return `${text}_`;
}

describe("Demangler", () => {
  const demangler = new Demangler(2);
  const hasCxx = loadCxxDemangle() !== undefined;

  it("leaves names that are not mangled", () => {
    for (const name of ["main", "", "_start", "_Zebra", "_RAM_size", "_ZN", "__pfx_x"])
      assert.equal(demangler.demangle(name), name);
  });

  it("keeps the mark of a stub", () => {
    assert.equal(demangler.demangle("_RNvC1r4main@plt"), "r::main@plt");
  });

  it("gives the same from its cache, which is bounded", () => {
    for (let round = 0; round < 2; round++) {
      for (const name of ["a", "b", "c"]) assert.equal(demangler.demangle(`_RNvC1r1${name}`), `r::${name}`);
    }
    assert.equal(demangler.memoryBytes, 400);
  });

  it("demangles C++ by the system's library", { skip: hasCxx ? false : "this system has no C++ library" }, () => {
    for (const [symbol, expected] of [
      ["_ZN2v88internal4Heap14CollectGarbageEv", "v8::internal::Heap::CollectGarbage()"],
      ["_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector<int, std::allocator<int> >::push_back(int&&)"],
      ["_ZN3fooC1Ev", "foo::foo()"],
      ["_ZL4workv.part.0", "work() [clone .part.0]"],
      ["_ZdlPv@plt", "operator delete(void*)@plt"],
      ["_Z", "_Z"],
      ["_ZZZZZZ", "_ZZZZZZ"],
    ] as const) {
      assert.equal(demangler.demangle(symbol), expected);
    }
  });

  it("does not expand C++ names without bound", { skip: hasCxx ? false : "this system has no C++ library" }, () => {
    // f(A, B<A, A>, B<B<A, A>, B<A, A>>, ...): each parameter twice as long as the one before, 27 MB in all.
    let symbol = "_Z1f1A1BIS_S_E";
    for (let level = 0; level < 20; level++) {
      const id = (level + 1).toString(36).toUpperCase();
      symbol += `S0_IS${id}_S${id}_E`;
    }
    assert.equal(demangler.demangle(symbol), symbol);
  });
});

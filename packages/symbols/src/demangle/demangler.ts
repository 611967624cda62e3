import { LruCache } from "../lru-cache.ts";
import { type CxxDemangle, loadCxxDemangle } from "./itanium.ts";
import { demangleRustLegacy } from "./rust-legacy.ts";
import { demangleRustV0 } from "./rust-v0.ts";

/** Names that are kept; programs have far more, but few of them are hot. */
const defaultCapacity = 2048;

/** From the names that linkers know to those that programmers wrote: C++ and Rust. */
export class Demangler {
  readonly #cache: LruCache<string, string>;
  /** Loaded with the first C++ name: most processes on most machines have none. */
  #cxx: CxxDemangle | undefined;
  #cxxLoaded = false;

  constructor(capacity: number = defaultCapacity) {
    this.#cache = new LruCache(capacity);
  }

  /** Estimate: a name and what it was made from, at 200 bytes together. */
  get memoryBytes(): number {
    return this.#cache.size * 200;
  }

  /** The name itself where it is not mangled, or can't be demangled. */
  demangle(symbol: string): string {
    if (!isMangled(symbol)) return symbol;
    const known = this.#cache.get(symbol);
    if (known !== undefined) return known;
    const name = this.#demangle(symbol);
    this.#cache.set(symbol, name);
    return name;
  }

  #demangle(symbol: string): string {
    // Compilers clone functions, and stubs call them: what they append is not part of the mangled name.
    const suffixStart = symbol.indexOf("@");
    const mangled = suffixStart < 0 ? symbol : symbol.slice(0, suffixStart);
    const suffix = suffixStart < 0 ? "" : symbol.slice(suffixStart);
    const name = demangleRustLegacy(mangled) ?? demangleRustV0(mangled) ?? this.#demangleCxx(mangled);
    return name === undefined || name === "" ? symbol : name + suffix;
  }

  #demangleCxx(symbol: string): string | undefined {
    if (!this.#cxxLoaded) {
      this.#cxx = loadCxxDemangle();
      this.#cxxLoaded = true;
    }
    return this.#cxx?.(symbol);
  }
}

function isMangled(symbol: string): boolean {
  return symbol.startsWith("_Z") || symbol.startsWith("_R") || symbol.startsWith("__R") || symbol.startsWith("ZN");
}

import { type Koffi, loadKoffi } from "@skep/ebpf/sys";

/** Demangles a C++ name; undefined for names that are not C++. */
export type CxxDemangle = (symbol: string) => string | undefined;

const libraryNames = ["libstdc++.so.6", "libc++abi.so.1"] as const;
const maxSymbolLength = 4096;
/** Longer names are cut: nobody reads them, and many of them fill memory. */
const maxNameLength = 4096;
/**
 * Names may refer back to parts of themselves, and these parts too: 240 characters can stand for 30 MB, 500 for more than
 * there is memory. The library expands them without limit, so a name is only given to it when the largest expansion
 * that its back-references allow is below this. Of the 91,000 C++ names of node and libstdc++, 0.5 % are not.
 */
const maxExpansion = 2 ** 24;
const backReference = /[ST][0-9A-Z]*_/g;

/**
 * The demangler of the system's C++ library (`__cxa_demangle` of the Itanium C++ ABI): the one that names are meant for.
 * Undefined on systems without the library: names stay as the linker knows them.
 */
export function loadCxxDemangle(): CxxDemangle | undefined {
  const koffi = loadKoffi();
  for (const libraryName of libraryNames) {
    try {
      return bind(koffi, libraryName);
    } catch {
      // Not installed, or without the function: the next one.
    }
  }
  return undefined;
}

function bind(koffi: Koffi, libraryName: string): CxxDemangle {
  const library = koffi.load(libraryName);
  // The result is malloc'ed: taken as a pointer, so that it can be freed after the text was copied.
  const demangle = library.func(
    "void *__cxa_demangle(const char *name, char *buffer, size_t *length, _Out_ int *status)",
  );
  const free = library.func("void free(void *pointer)");
  const status = new Int32Array(1);
  return (symbol) => {
    if (!symbol.startsWith("_Z") || symbol.length > maxSymbolLength) return undefined;
    if (largestExpansion(symbol) > maxExpansion) return undefined;
    const result: unknown = demangle(symbol, null, null, status);
    if (result === null) return undefined;
    try {
      const text: unknown = koffi.decode(result, "char", -1);
      if (typeof text !== "string") return undefined;
      return text.length > maxNameLength ? `${text.slice(0, maxNameLength)}...` : text;
    } finally {
      free(result);
    }
  };
}

/** An upper bound of the demangled length: each use of a part adds at most all that it can stand for. */
function largestExpansion(symbol: string): number {
  const uses = new Map<string, number>();
  for (const [reference] of symbol.matchAll(backReference)) uses.set(reference, (uses.get(reference) ?? 0) + 1);
  let length = symbol.length;
  for (const count of uses.values()) length *= count + 1;
  return length;
}

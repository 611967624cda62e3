import koffi from "koffi";

/** Demangles a C++ name; undefined for names that are not C++. */
export type CxxDemangle = (symbol: string) => string | undefined;

const libraryNames = ["libstdc++.so.6", "libc++abi.so.1"] as const;
/** The library's own limit is the stack: templates of templates can be nested to any depth. */
const maxSymbolLength = 4096;

/**
 * The demangler of the system's C++ library (`__cxa_demangle` of the Itanium C++ ABI): the one that names are meant for.
 * Undefined on systems without the library: names stay as the linker knows them.
 */
export function loadCxxDemangle(): CxxDemangle | undefined {
  for (const libraryName of libraryNames) {
    try {
      return bind(libraryName);
    } catch {
      // Not installed, or without the function: the next one.
    }
  }
  return undefined;
}

function bind(libraryName: string): CxxDemangle {
  const library = koffi.load(libraryName);
  // The result is malloc'ed: taken as a pointer, so that it can be freed after the text was copied.
  const demangle = library.func(
    "void *__cxa_demangle(const char *name, char *buffer, size_t *length, _Out_ int *status)",
  );
  const free = library.func("void free(void *pointer)");
  const status = new Int32Array(1);
  return (symbol) => {
    if (!symbol.startsWith("_Z") || symbol.length > maxSymbolLength) return undefined;
    const result: unknown = demangle(symbol, null, null, status);
    if (result === null) return undefined;
    try {
      const text: unknown = koffi.decode(result, "char", -1);
      return typeof text === "string" ? text : undefined;
    } finally {
      free(result);
    }
  };
}

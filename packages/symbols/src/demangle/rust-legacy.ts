/**
 * Rust's first mangling: an Itanium name whose last part is `17h` and 16 hexadecimal digits of a hash.
 *
 * Source: `compiler/rustc_symbol_mangling/src/legacy.rs` and the escapes that `rustc-demangle` knows.
 */
const legacy = /^_{0,2}ZN(.*17h[0-9a-f]{16})E(?:\.[\w.$@]*)?$/s;

const escapes: ReadonlyMap<string, string> = new Map([
  ["SP", "@"],
  ["BP", "*"],
  ["RF", "&"],
  ["LT", "<"],
  ["GT", ">"],
  ["LP", "("],
  ["RP", ")"],
  ["C", ","],
]);

/** The path without its hash: `core::fmt::Formatter::pad`. Undefined for names that are not Rust's. */
export function demangleRustLegacy(symbol: string): string | undefined {
  const body = legacy.exec(symbol)?.[1];
  if (body === undefined) return undefined;
  const parts: string[] = [];
  for (let at = 0; at < body.length; ) {
    const digits = /^[1-9]\d{0,4}/.exec(body.slice(at, at + 5))?.[0];
    if (digits === undefined) return undefined;
    const start = at + digits.length;
    const end = start + Number(digits);
    if (end > body.length) return undefined;
    parts.push(unescapePart(body.slice(start, end)));
    at = end;
  }
  // The hash comes last, and a name has at least one part before it.
  const hash = parts.pop();
  if (hash === undefined || !/^h[0-9a-f]{16}$/.test(hash) || parts.length === 0) return undefined;
  return parts.join("::");
}

function unescapePart(part: string): string {
  // A part that would begin with an escape has an underscore before it, to be an identifier to assemblers.
  const text = part.startsWith("_$") ? part.slice(1) : part;
  return text
    .replaceAll(/\$(\w+)\$/g, (whole: string, code: string) => {
      const known = escapes.get(code);
      if (known !== undefined) return known;
      const hex = /^u([0-9a-f]{1,6})$/.exec(code)?.[1];
      const codePoint = hex === undefined ? Number.NaN : Number.parseInt(hex, 16);
      return codePoint <= 0x10_ffff ? String.fromCodePoint(codePoint) : whole;
    })
    .replaceAll("..", "::");
}

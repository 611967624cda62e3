import { decodePunycode } from "./punycode.ts";

/**
 * Rust's second mangling, by the grammar of RFC 2603 and `compiler/rustc_symbol_mangling/src/v0.rs`. Shown as
 * `rustc-demangle` and binutils show it in their terse form: without crate hashes and without the types of constants.
 *
 * Input is hostile: recursion and output are bounded, and back-references may only lead backwards.
 */

const maxDepth = 256;
const maxOutputLength = 16_384;

/** `None` where a symbol does not follow the grammar, or asks for more than the limits. */
class Invalid extends Error {}

const basicTypes: Readonly<Record<string, string>> = {
  a: "i8",
  b: "bool",
  c: "char",
  d: "f64",
  e: "str",
  f: "f32",
  h: "u8",
  i: "isize",
  j: "usize",
  l: "i32",
  m: "u32",
  n: "i128",
  o: "u128",
  p: "_",
  s: "i16",
  t: "u16",
  u: "()",
  v: "...",
  x: "i64",
  y: "u64",
  z: "!",
};

const signedIntegers = "aslxni";
const unsignedIntegers = "htmyoj";

/** The path of a v0 symbol (`_R...`), such as `<alloc::vec::Vec<u8>>::push`; undefined for anything else. */
export function demangleRustV0(symbol: string): string | undefined {
  const match = /^_{1,2}R([A-Z]\w*)(?:[.$].*)?$/s.exec(symbol);
  const body = match?.[1];
  if (body === undefined) return undefined;
  try {
    return new Parser(body).symbol();
  } catch (error) {
    if (error instanceof Invalid) return undefined;
    throw error;
  }
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #boundLifetimes = 0;
  #output = "";
  /** Above 0 while something is parsed that is not shown. */
  #silent = 0;

  constructor(text: string) {
    this.#text = text;
  }

  symbol(): string {
    this.#path(true);
    // The crate in which a generic function was instantiated: parsed to see that the name is whole, not shown.
    if (this.#at < this.#text.length) this.#quietly(() => this.#path(false));
    if (this.#at !== this.#text.length) throw new Invalid();
    return this.#output;
  }

  /** @param inValue generic arguments of values are written `f::<T>`, those of types `T<U>`. */
  #path(inValue: boolean): void {
    this.#nested(() => {
      const tag = this.#next();
      switch (tag) {
        case "C": {
          this.#disambiguator();
          this.#print(this.#identifier());
          return;
        }
        case "N": {
          const namespace = this.#next();
          if (!/[A-Za-z]/.test(namespace)) throw new Invalid();
          this.#path(inValue);
          const disambiguator = this.#disambiguator();
          const name = this.#identifier();
          if (/[A-Z]/.test(namespace)) this.#print(`::${specialName(namespace, name, disambiguator)}`);
          else if (name !== "") this.#print(`::${name}`);
          return;
        }
        case "M":
        case "X": {
          // Where the impl is says nothing that its type doesn't.
          this.#disambiguator();
          this.#quietly(() => this.#path(false));
          this.#qualified(tag === "X");
          return;
        }
        case "Y":
          this.#qualified(true);
          return;
        case "I": {
          this.#path(inValue);
          if (inValue) this.#print("::");
          this.#print("<");
          this.#list(() => this.#genericArgument());
          this.#print(">");
          return;
        }
        case "B":
          this.#backReference(() => this.#path(inValue));
          return;
        default:
          throw new Invalid();
      }
    });
  }

  /** `<Type>` or `<Type as Trait>`. */
  #qualified(withTrait: boolean): void {
    this.#print("<");
    this.#type();
    if (withTrait) {
      this.#print(" as ");
      this.#path(false);
    }
    this.#print(">");
  }

  #genericArgument(): void {
    if (this.#take("L")) this.#lifetime(this.#base62());
    else if (this.#take("K")) this.#constant();
    else this.#type();
  }

  #type(): void {
    this.#nested(() => {
      const tag = this.#next();
      const basic = basicTypes[tag];
      if (basic !== undefined) {
        this.#print(basic);
        return;
      }
      switch (tag) {
        case "R":
        case "Q": {
          this.#print("&");
          if (this.#take("L")) {
            const index = this.#base62();
            if (index !== 0) {
              this.#lifetime(index);
              this.#print(" ");
            }
          }
          if (tag === "Q") this.#print("mut ");
          this.#type();
          return;
        }
        case "P":
        case "O":
          this.#print(tag === "P" ? "*const " : "*mut ");
          this.#type();
          return;
        case "A":
        case "S":
          this.#print("[");
          this.#type();
          if (tag === "A") {
            this.#print("; ");
            this.#constant();
          }
          this.#print("]");
          return;
        case "T": {
          this.#print("(");
          const count = this.#list(() => this.#type());
          this.#print(count === 1 ? ",)" : ")");
          return;
        }
        case "F":
          this.#withBinder(() => this.#functionType());
          return;
        case "D": {
          this.#print("dyn ");
          this.#withBinder(() => this.#list(() => this.#dynTrait(), " + "));
          if (!this.#take("L")) throw new Invalid();
          const index = this.#base62();
          if (index !== 0) {
            this.#print(" + ");
            this.#lifetime(index);
          }
          return;
        }
        case "B":
          this.#backReference(() => this.#type());
          return;
        default:
          // Everything else names a type by its path.
          this.#at--;
          this.#path(false);
      }
    });
  }

  #functionType(): void {
    if (this.#take("U")) this.#print("unsafe ");
    if (this.#take("K")) {
      const abi = this.#take("C") ? "C" : this.#identifier().replaceAll("_", "-");
      this.#print(`extern "${abi}" `);
    }
    this.#print("fn(");
    this.#list(() => this.#type());
    this.#print(")");
    if (this.#take("u")) return;
    this.#print(" -> ");
    this.#type();
  }

  /** `Trait<Argument, Associated = Type>`: associated types join the trait's own arguments. */
  #dynTrait(): void {
    let open = this.#pathWithOpenGenerics();
    while (this.#take("p")) {
      this.#print(open ? ", " : "<");
      open = true;
      this.#print(`${this.#identifier()} = `);
      this.#type();
    }
    if (open) this.#print(">");
  }

  /** True when the path ended in generic arguments, whose `>` is still to come. */
  #pathWithOpenGenerics(): boolean {
    let open = false;
    this.#nested(() => {
      if (this.#take("B")) {
        this.#backReference(() => {
          open = this.#pathWithOpenGenerics();
        });
      } else if (this.#take("I")) {
        this.#path(false);
        this.#print("<");
        this.#list(() => this.#genericArgument());
        open = true;
      } else {
        this.#path(false);
      }
    });
    return open;
  }

  #constant(): void {
    this.#nested(() => {
      const tag = this.#next();
      if (tag === "B") this.#backReference(() => this.#constant());
      else if (tag === "p") this.#print("_");
      else if (tag === "b") this.#print(this.#boolean());
      else if (tag === "c") this.#print(this.#character());
      else if (signedIntegers.includes(tag)) this.#print((this.#take("n") ? "-" : "") + integer(this.#hexDigits()));
      else if (unsignedIntegers.includes(tag)) this.#print(integer(this.#hexDigits()));
      else throw new Invalid();
    });
  }

  #boolean(): string {
    const digits = this.#hexDigits();
    if (digits !== "0" && digits !== "1") throw new Invalid();
    return digits === "1" ? "true" : "false";
  }

  #character(): string {
    const digits = this.#hexDigits();
    const codePoint = Number.parseInt(digits, 16);
    if (digits.length > 6 || codePoint > 0x10_ffff || (codePoint >= 0xd800 && codePoint < 0xe000)) throw new Invalid();
    return `'${escapeCharacter(codePoint)}'`;
  }

  /** Hexadecimal digits up to the `_` that ends them, without leading zeros. */
  #hexDigits(): string {
    const match = /^[0-9a-f]*_/.exec(this.#text.slice(this.#at, this.#at + 64));
    if (match === null || match[0].length < 2) throw new Invalid();
    this.#at += match[0].length;
    return match[0].slice(0, -1);
  }

  /** Prints one element after the other up to the `E` that ends the list, and says how many. */
  #list(element: () => void, separator: string = ", "): number {
    let count = 0;
    while (!this.#take("E")) {
      if (count > 0) this.#print(separator);
      element();
      count++;
    }
    return count;
  }

  /** Binders (`for<'a, 'b>`) number the lifetimes of what they hold from the innermost outwards. */
  #withBinder(content: () => void): void {
    const count = this.#take("G") ? this.#base62() + 1 : 0;
    if (count > 64) throw new Invalid();
    if (count > 0) {
      this.#print("for<");
      for (let index = 0; index < count; index++) {
        this.#boundLifetimes++;
        if (index > 0) this.#print(", ");
        this.#lifetime(1);
      }
      this.#print("> ");
    }
    content();
    this.#boundLifetimes -= count;
  }

  /** De Bruijn index 1 is the lifetime bound last; 0 is an erased one. */
  #lifetime(index: number): void {
    if (index === 0) {
      this.#print("'_");
      return;
    }
    const depth = this.#boundLifetimes - index;
    if (depth < 0) throw new Invalid();
    this.#print(depth < 26 ? `'${String.fromCharCode(0x61 + depth)}` : `'_${depth}`);
  }

  #backReference(content: () => void): void {
    const start = this.#at - 1;
    const target = this.#base62();
    if (target >= start) throw new Invalid();
    // What is not shown need not be followed.
    if (this.#silent > 0) return;
    const resume = this.#at;
    this.#at = target;
    content();
    this.#at = resume;
  }

  #disambiguator(): number {
    return this.#take("s") ? this.#base62() + 1 : 0;
  }

  #identifier(): string {
    const isPunycode = this.#take("u");
    const digits = /^(?:0|[1-9]\d{0,4})/.exec(this.#text.slice(this.#at, this.#at + 5))?.[0];
    if (digits === undefined) throw new Invalid();
    this.#at += digits.length;
    // Separates the length from a name that begins with a digit or an underscore.
    this.#take("_");
    const end = this.#at + Number(digits);
    if (end > this.#text.length) throw new Invalid();
    const bytes = this.#text.slice(this.#at, end);
    this.#at = end;
    if (!isPunycode) return bytes;
    const name = decodePunycode(bytes);
    if (name === undefined) throw new Invalid();
    return name;
  }

  /** `_` is 0, `0_` is 1, and so on. */
  #base62(): number {
    if (this.#take("_")) return 0;
    let value = 0;
    for (let char = this.#next(); char !== "_"; char = this.#next()) {
      const digit = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".indexOf(char);
      if (digit < 0) throw new Invalid();
      value = value * 62 + digit;
      // Hashes of crates have 64 bits, of which a double loses some: they are not shown.
      if (value >= 2 ** 64) throw new Invalid();
    }
    return value + 1;
  }

  #next(): string {
    const char = this.#text[this.#at];
    if (char === undefined) throw new Invalid();
    this.#at++;
    return char;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #print(text: string): void {
    if (this.#silent > 0) return;
    this.#output += text;
    if (this.#output.length > maxOutputLength) throw new Invalid();
  }

  #quietly(content: () => void): void {
    this.#silent++;
    content();
    this.#silent--;
  }

  #nested(content: () => void): void {
    if (++this.#depth > maxDepth) throw new Invalid();
    content();
    this.#depth--;
  }
}

/** Closures and shims have a namespace in upper case, and often no name. */
function specialName(namespace: string, name: string, disambiguator: number): string {
  const kind = namespace === "C" ? "closure" : namespace === "S" ? "shim" : namespace;
  return `{${kind}${name === "" ? "" : `:${name}`}#${disambiguator}}`;
}

function integer(hexDigits: string): string {
  // As rustc-demangle does: what does not fit 64 bits stays hexadecimal.
  return hexDigits.length > 16 ? `0x${hexDigits}` : BigInt(`0x${hexDigits}`).toString();
}

function escapeCharacter(codePoint: number): string {
  const named: Readonly<Record<number, string>> = { 9: "\\t", 10: "\\n", 13: "\\r", 39: "\\'", 92: "\\\\" };
  const known = named[codePoint];
  if (known !== undefined) return known;
  return codePoint >= 0x20 && codePoint < 0x7f ? String.fromCodePoint(codePoint) : `\\u{${codePoint.toString(16)}}`;
}

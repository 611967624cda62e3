import { textOf } from "./text.ts";

/** What is read of a header block; all else is passed over without being looked at. */
export class HeaderFields {
  /** Of the body, in bytes. Absent without Content-Length. */
  contentLength: number | undefined;
  /** There are several, or it is no number. */
  contentLengthBad = false;
  /** Transfer-Encoding: `chunked` if that is the last one, `other` if not. */
  transferEncoding: "chunked" | "other" | undefined;
  upgrade = false;
  /** ... and to nothing but HTTP/2. */
  upgradeToHttp2 = false;
  expectContinue = false;
  host: string | undefined;
  userAgent: string | undefined;
  traceparent: string | undefined;
  /** A header is folded or has no well-formed name: what the receiver makes of the block is not known. */
  malformed = false;

  /** One line, without its end. */
  addLine(bytes: Uint8Array, start: number, end: number): void {
    const first = bytes[start] ?? 0;
    if (first === SPACE || first === TAB || first === COLON) {
      this.malformed = true;
      return;
    }
    const names = NAMES_BY_INITIAL[first | 0x20];
    if (names === undefined) return;
    // By index: an iterator is one more object for each line until V8 has compiled this well.
    for (let index = 0; index < names.length; index++) {
      const name = names[index];
      if (name === undefined) continue;
      const nameEnd = start + name.length;
      if (nameEnd >= end) continue;
      const after = bytes[nameEnd];
      if ((after !== COLON && !isBlank(after)) || !isName(bytes, start, name)) continue;
      if (after === COLON) this.#add(name, bytes, nameEnd + 1, end);
      // A space before the colon is to be refused, RFC 9112, 5.1, as not all read it the same way.
      else this.malformed = true;
    }
  }

  #add(name: Name, bytes: Uint8Array, start: number, end: number): void {
    let from = start;
    let to = end;
    while (from < to && isBlank(bytes[from])) from++;
    while (to > from && isBlank(bytes[to - 1])) to--;
    switch (name) {
      case "content-length":
        this.#addContentLength(bytes, from, to);
        break;
      case "transfer-encoding":
        this.transferEncoding = /(^|[,\s])chunked$/i.test(textOf(bytes, from, to)) ? "chunked" : "other";
        break;
      case "upgrade":
        this.upgrade = true;
        this.upgradeToHttp2 = /^h2c$/i.test(textOf(bytes, from, Math.min(to, from + MAX_VALUE_BYTES)));
        break;
      case "expect":
        this.expectContinue = /^100-continue$/i.test(textOf(bytes, from, Math.min(to, from + MAX_VALUE_BYTES)));
        break;
      default:
        this[PROPERTIES[name]] ??= textOf(bytes, from, Math.min(to, from + MAX_VALUE_BYTES));
    }
  }

  /** Equal ones may be repeated, in lines or in a list: RFC 9112, 6.3. */
  #addContentLength(bytes: Uint8Array, start: number, end: number): void {
    const length = numberOf(bytes, start, end);
    if (length >= 0) {
      this.#addLength(length);
      return;
    }
    for (const text of textOf(bytes, start, Math.min(end, start + MAX_VALUE_BYTES)).split(",")) {
      this.#addLength(/^\s*[0-9]{1,15}\s*$/.test(text) ? Number(text) : -1);
    }
  }

  #addLength(length: number): void {
    if (length < 0 || (this.contentLength ?? length) !== length) this.contentLengthBad = true;
    else this.contentLength = length;
  }
}

const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;
/** Of the values that are kept. */
const MAX_VALUE_BYTES = 256;

const NAMES = [
  "content-length",
  "transfer-encoding",
  "upgrade",
  "expect",
  "host",
  "user-agent",
  "traceparent",
] as const;
type Name = (typeof NAMES)[number];

const PROPERTIES = { host: "host", "user-agent": "userAgent", traceparent: "traceparent" } as const;

const NAMES_BY_INITIAL: (readonly Name[] | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const names = NAMES.filter((name) => name.charCodeAt(0) === byte);
  return names.length > 0 ? names : undefined;
});

/** Names are compared without regard to case. None of ours has a byte that setting this bit would make of another. */
function isName(bytes: Uint8Array, start: number, name: Name): boolean {
  for (let index = 1; index < name.length; index++) {
    if (((bytes[start + index] ?? 0) | 0x20) !== name.charCodeAt(index)) return false;
  }
  return true;
}

/** Of digits and nothing else; -1 for anything else, and for more than can be counted exactly. */
function numberOf(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 15) return -1;
  let number = 0;
  for (let index = start; index < end; index++) {
    const digit = (bytes[index] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

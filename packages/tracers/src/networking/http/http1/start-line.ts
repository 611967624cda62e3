import { textOf } from "./text.ts";

/** The first line of a request, or as much as there is of it. All offsets are into the bytes that were looked at. */
export interface RequestLine {
  readonly kind: "request";
  readonly methodEnd: number;
  readonly targetEnd: number;
  readonly version: "http/1.0" | "http/1.1";
}

export interface StatusLine {
  readonly kind: "response";
  readonly status: number;
  readonly version: "http/1.0" | "http/1.1";
}

/** Those that are in use, of the IANA's registry. */
const METHODS: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"],
  ...[
    "ACL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
  ],
  ...["MOVE", "PROPFIND", "PROPPATCH", "REPORT", "SEARCH", "UNLINK", "UNLOCK", "UPDATE", "VERSION-CONTROL"],
]);

/** The longest of the IANA registry of methods has 17 bytes. */
const MAX_METHOD_BYTES = 32;

const SPACE = 0x20;
const SLASH = 0x2f;
const ASTERISK = 0x2a;
const DELETE = 0x7f;

/** ` HTTP/1.1` */
const VERSION_BYTES = 9;

/** 1 for the bytes that a method or the name of a header may have: tchar of RFC 9110, 5.6.2. */
const TOKEN = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  TOKEN[character.charCodeAt(0)] = 1;
}

/** Of a line without its end, from `start` to `end`. */
export function parseStartLine(bytes: Uint8Array, start: number, end: number): RequestLine | StatusLine | undefined {
  return startsWithVersion(bytes, start, end)
    ? parseStatusLine(bytes, start, end)
    : parseRequestLine(bytes, start, end);
}

export function parseRequestLine(bytes: Uint8Array, start: number, end: number): RequestLine | undefined {
  const targetEnd = end - VERSION_BYTES;
  if (targetEnd <= start || bytes[targetEnd] !== SPACE) return undefined;
  const version = versionAt(bytes, targetEnd + 1);
  if (version === undefined) return undefined;
  const methodEnd = tokenEnd(bytes, start, targetEnd);
  if (methodEnd === start || bytes[methodEnd] !== SPACE || methodEnd + 1 >= targetEnd) return undefined;
  if (!isTarget(bytes, start, methodEnd, targetEnd)) return undefined;
  return { kind: "request", methodEnd, targetEnd, version };
}

export function parseStatusLine(bytes: Uint8Array, start: number, end: number): StatusLine | undefined {
  if (end - start < 12 || bytes[start + 8] !== SPACE) return undefined;
  const version = versionAt(bytes, start);
  if (version === undefined) return undefined;
  // A line may end after the status, and after the space behind it.
  if (end - start > 12 && bytes[start + 12] !== SPACE) return undefined;
  let status = 0;
  for (let index = start + 9; index < start + 12; index++) {
    const digit = (bytes[index] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    status = status * 10 + digit;
  }
  return status < 100 ? undefined : { kind: "response", status, version };
}

/** A first line that text can hardly be by chance. Methods may be any token, but the end of a body is one too. */
export function isCertainStart(line: RequestLine | StatusLine, bytes: Uint8Array): boolean {
  return line.kind === "response" || METHODS.has(textOf(bytes, 0, line.methodEnd));
}

/** Whether bytes without a line's end can be the beginning of a first line. No bytes can. */
export function mayBecomeStartLine(bytes: Uint8Array, start: number, end: number): boolean {
  const methodEnd = tokenEnd(bytes, start, end);
  // "HTTP" is a token, and the slash ends it.
  if (startsWithVersion(bytes, start, end)) return true;
  if (methodEnd === end) return end - start <= MAX_METHOD_BYTES;
  if (methodEnd === start || bytes[methodEnd] !== SPACE) return false;
  return methodEnd + 1 === end || isTargetStart(bytes, start, methodEnd, end);
}

/** Whether they begin with `HTTP/1.`, or with as much of it as they are long. */
function startsWithVersion(bytes: Uint8Array, start: number, end: number): boolean {
  const length = Math.min(7, end - start);
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== "HTTP/1.".charCodeAt(index)) return false;
  }
  return length > 0;
}

/** Of `HTTP/1.0` or a later 1.x, which all are to be read as 1.1: RFC 9110, 2.5. */
function versionAt(bytes: Uint8Array, start: number): "http/1.0" | "http/1.1" | undefined {
  const minor = (bytes[start + 7] ?? 0) - 0x30;
  if (minor < 0 || minor > 9 || !startsWithVersion(bytes, start, start + 7)) return undefined;
  return minor === 0 ? "http/1.0" : "http/1.1";
}

function tokenEnd(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + MAX_METHOD_BYTES);
  let index = start;
  while (index < limit && TOKEN[bytes[index] ?? 0] === 1) index++;
  return index;
}

function isTarget(bytes: Uint8Array, start: number, methodEnd: number, targetEnd: number): boolean {
  // With the space behind it, which ends a scheme that is cut.
  if (!isTargetStart(bytes, start, methodEnd, targetEnd + 1)) return false;
  for (let index = methodEnd + 1; index < targetEnd; index++) {
    const byte = bytes[index] ?? 0;
    if (byte <= SPACE || byte === DELETE) return false;
  }
  return true;
}

/** Origin form, `*` and absolute form; CONNECT alone has an authority: RFC 9112, 3.2. */
function isTargetStart(bytes: Uint8Array, start: number, methodEnd: number, end: number): boolean {
  const first = bytes[methodEnd + 1] ?? 0;
  if (first === SLASH || first === ASTERISK) return true;
  return isConnect(bytes, start, methodEnd) ? first > SPACE : isSchemeStart(bytes, methodEnd + 1, end);
}

export function isConnect(bytes: Uint8Array, start: number, methodEnd: number): boolean {
  if (methodEnd - start !== 7) return false;
  for (let index = 0; index < 7; index++) {
    if (bytes[start + index] !== "CONNECT".charCodeAt(index)) return false;
  }
  return true;
}

/** `scheme://`, or as much of it as there is. */
function isSchemeStart(bytes: Uint8Array, start: number, end: number): boolean {
  let index = start;
  while (index < end && isSchemeByte(bytes[index] ?? 0)) index++;
  if (index === start || index - start > 32) return false;
  for (let mark = 0; mark < 3 && index + mark < end; mark++) {
    if (bytes[index + mark] !== "://".charCodeAt(mark)) return false;
  }
  return true;
}

function isSchemeByte(byte: number): boolean {
  const letter = byte | 0x20;
  return (
    (letter >= 0x61 && letter <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}

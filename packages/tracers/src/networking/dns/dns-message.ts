import { addressText } from "../addresses.ts";
import { dnsRcodeName, dnsTypeName } from "./dns-names.ts";

const HEADER_BYTES = 12;
const FLAG_RESPONSE = 0x8000;
const FLAG_TRUNCATED = 0x0200;

const TYPE_A = 1;
const TYPE_AAAA = 28;

const MAX_NAME_BYTES = 255;
/** No resolver asks more than one question; mDNS asks some at once. */
export const MAX_QUESTIONS = 32;
export const MAX_ADDRESSES = 32;
/** One for each label is more than any writer of messages needs. */
const MAX_POINTERS = 128;

export interface DnsQuestion {
  /** In lower case, without the dot at its end; "." for the root. Bytes that are no letters of a name are written `\DDD`. */
  readonly name: string;
  /** `A`, `HTTPS`, `TYPE1234`. */
  readonly type: string;
}

/** What a message of DNS (RFC 1035) says. EDNS is not looked at, nor are the sections behind the answers. */
export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  /** 0 for a query. */
  readonly opcode: number;
  /** `NOERROR`, `NXDOMAIN` ... */
  readonly rcode: string;
  /** The sender had to leave something out (TC). */
  readonly isTruncated: boolean;
  /** The first `MAX_QUESTIONS`. */
  readonly questions: readonly DnsQuestion[];
  /** How many the message has, by its header. */
  readonly questionCount: number;
  /** Answers by type, as far as the bytes go. */
  readonly answers: Readonly<Record<string, number>>;
  /** Of the A and AAAA records among the answers; the first `MAX_ADDRESSES`. */
  readonly addresses: readonly string[];
  /** All answers that the header promises were there. */
  readonly isWhole: boolean;
}

/**
 * Reads a message, of which the end may be missing. It takes time in proportion to its bytes, whatever they are.
 *
 * @returns nothing where the bytes are no message, or end before its questions do
 */
export function parseDnsMessage(bytes: Uint8Array): DnsMessage | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const flags = u16(bytes, 2);
  const questionCount = u16(bytes, 4);
  const questions: DnsQuestion[] = [];
  const reader = { at: HEADER_BYTES };
  while (questions.length < Math.min(questionCount, MAX_QUESTIONS)) {
    const name = readName(bytes, reader);
    if (name === undefined || reader.at + 4 > bytes.length) return undefined;
    questions.push({ name, type: dnsTypeName(u16(bytes, reader.at)) });
    reader.at += 4;
  }
  const answers: Record<string, number> = {};
  const addresses: string[] = [];
  return {
    id: u16(bytes, 0),
    isResponse: (flags & FLAG_RESPONSE) !== 0,
    opcode: (flags >> 11) & 15,
    rcode: dnsRcodeName(flags & 15),
    isTruncated: (flags & FLAG_TRUNCATED) !== 0,
    questions,
    questionCount,
    isWhole: questionCount <= MAX_QUESTIONS && readAnswers(bytes, reader, answers, addresses),
    answers,
    addresses,
  };
}

interface Reader {
  at: number;
}

/** @returns whether all were there */
function readAnswers(bytes: Uint8Array, reader: Reader, answers: Record<string, number>, addresses: string[]): boolean {
  for (let left = u16(bytes, 6); left > 0; left--) {
    if (!skipName(bytes, reader)) return false;
    const start = reader.at + 10;
    if (start > bytes.length) return false;
    const type = u16(bytes, reader.at);
    const lengthBytes = u16(bytes, reader.at + 8);
    if (start + lengthBytes > bytes.length) return false;
    reader.at = start + lengthBytes;
    const typeName = dnsTypeName(type);
    answers[typeName] = (answers[typeName] ?? 0) + 1;
    const isAddress = (type === TYPE_A && lengthBytes === 4) || (type === TYPE_AAAA && lengthBytes === 16);
    if (isAddress && addresses.length < MAX_ADDRESSES) addresses.push(addressText(bytes.subarray(start, reader.at)));
  }
  return true;
}

/** Goes behind a name without reading it. */
function skipName(bytes: Uint8Array, reader: Reader): boolean {
  while (reader.at < bytes.length) {
    const length = bytes[reader.at] ?? 0;
    if (length >= 0xc0) {
      reader.at += 2;
      return reader.at <= bytes.length;
    }
    // 0x40 and 0x80 were kinds of labels that nobody uses (RFC 6891, section 5).
    if (length >= 0x40) return false;
    reader.at += 1 + length;
    if (length === 0) return true;
  }
  return false;
}

/**
 * Reads a name and goes behind it. A pointer has to go back before all that was read of the name, so that no name goes in circles.
 *
 * @returns nothing where it is malformed
 */
function readName(bytes: Uint8Array, reader: Reader): string | undefined {
  let text = "";
  let at = reader.at;
  let lowest = at;
  let nameBytes = 1;
  let pointerCount = 0;
  while (at < bytes.length) {
    const length = bytes[at] ?? 0;
    if (length >= 0xc0) {
      if (at + 2 > bytes.length) return undefined;
      const target = ((length & 0x3f) << 8) | (bytes[at + 1] ?? 0);
      if (target < HEADER_BYTES || target >= lowest || pointerCount === MAX_POINTERS) return undefined;
      if (pointerCount++ === 0) reader.at = at + 2;
      lowest = target;
      at = target;
      continue;
    }
    if (length >= 0x40) return undefined;
    if (length === 0) {
      if (pointerCount === 0) reader.at = at + 1;
      return text === "" ? "." : text;
    }
    nameBytes += 1 + length;
    if (nameBytes > MAX_NAME_BYTES || at + 1 + length > bytes.length) return undefined;
    if (text !== "") text += ".";
    for (let index = at + 1; index <= at + length; index++) text += nameCharacters[bytes[index] ?? 0] ?? "";
    at += 1 + length;
  }
  return undefined;
}

/** How each byte of a label is written (RFC 4343): letters in lower case, and nothing that could be taken for something else. */
const nameCharacters: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (byte <= 0x20 || byte >= 0x7f) return `\\${String(byte).padStart(3, "0")}`;
  return character === "." || character === "\\" ? `\\${character}` : character.toLowerCase();
});

function u16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

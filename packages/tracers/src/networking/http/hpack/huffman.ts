/**
 * The Huffman code of HPACK (RFC 7541, appendix B), decoded half a byte at a time.
 *
 * The code is canonical: among codes of one length, and from each length to the next, they count up in the order of their symbols.
 * So the lengths alone say it all, one digit of base 36 each; the last is that of the end-of-string symbol.
 */
const CODE_LENGTHS =
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca" +
  "d67777777777777777777777878djde6f56565666577666567655677777fbeds" +
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn" +
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu";

const END_OF_STRING = 256;
const MAX_PADDING_BITS = 7;

/**
 * A step of the decoder, indexed by `state << 4 | nibble`: the next state in bits 0-7, the symbol that is complete in bits 8-15
 * where EMITS is set; ENDS where the string may end in the next state; FAILS where the end-of-string symbol was met.
 * There are just 256 states, the inner nodes of a tree of 257 leaves; a nibble completes one symbol at most, since none has
 * fewer than 5 bits.
 */
const EMITS = 1 << 16;
const ENDS = 1 << 17;
const FAILS = 1 << 18;

/** The codes in the order of their symbols, the last one that of the end of a string. */
export function huffmanCodes(): { readonly code: number; readonly lengthBits: number }[] {
  const lengths = Array.from(CODE_LENGTHS, (digit) => Number.parseInt(digit, 36));
  const codes = lengths.map((lengthBits) => ({ code: 0, lengthBits }));
  const symbols = lengths.map((_, symbol) => symbol).sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
  let next = 0;
  let previousBits = 0;
  for (const symbol of symbols) {
    const lengthBits = lengths[symbol] ?? 0;
    next <<= lengthBits - previousBits;
    codes[symbol] = { code: next++, lengthBits };
    previousBits = lengthBits;
  }
  return codes;
}

function buildSteps(): Uint32Array {
  // Nodes by number, 0 the root; a child is another node, or a leaf as ~symbol, or 0 where none is yet.
  const children = new Int32Array(512);
  let nodeCount = 1;
  // Nodes that lie on a way of ones from the root: there a string may end, with those ones for padding.
  const ends = new Uint8Array(256);
  ends[0] = 1;
  for (const [symbol, { code, lengthBits }] of huffmanCodes().entries()) {
    let node = 0;
    for (let bit = lengthBits - 1; bit > 0; bit--) {
      const slot = node * 2 + ((code >>> bit) & 1);
      const child = children[slot] || nodeCount++;
      children[slot] = child;
      node = child;
      const depth = lengthBits - bit;
      if (depth <= MAX_PADDING_BITS && code >>> bit === 2 ** depth - 1) ends[node] = 1;
    }
    children[node * 2 + (code & 1)] = ~symbol;
  }

  const steps = new Uint32Array(256 * 16);
  for (let index = 0; index < steps.length; index++) {
    let node = index >> 4;
    let step = 0;
    for (let bit = 3; bit >= 0; bit--) {
      const child = children[node * 2 + ((index >> bit) & 1)] ?? 0;
      if (child >= 0) node = child;
      else {
        node = 0;
        step |= ~child === END_OF_STRING ? FAILS : EMITS | (~child << 8);
      }
    }
    steps[index] = step | node | (ends[node] === 1 ? ENDS : 0);
  }
  return steps;
}

const steps = buildSteps();

/** The most bytes that so many coded bytes can stand for. */
export function maxDecodedBytes(codedBytes: number): number {
  return Math.floor((codedBytes * 8) / 5);
}

/**
 * Decodes `bytes[start, end)` into the beginning of `output`, which has room for `maxDecodedBytes`.
 *
 * @returns how many bytes it stands for, or -1 where it is malformed: the end-of-string symbol, more than 7 bits of padding,
 * or padding other than ones.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, output: Uint8Array): number {
  let length = 0;
  let step = ENDS;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    step = steps[((step & 0xff) << 4) | (byte >> 4)] as number;
    if ((step & (EMITS | FAILS)) !== 0) {
      if ((step & FAILS) !== 0) return -1;
      output[length++] = (step >> 8) & 0xff;
    }
    step = steps[((step & 0xff) << 4) | (byte & 15)] as number;
    if ((step & (EMITS | FAILS)) !== 0) {
      if ((step & FAILS) !== 0) return -1;
      output[length++] = (step >> 8) & 0xff;
    }
  }
  return (step & ENDS) !== 0 ? length : -1;
}

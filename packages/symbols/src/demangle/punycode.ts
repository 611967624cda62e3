/**
 * Decodes RFC 3492 as Rust's mangling has it: with `_` for the `-` that separates the basic characters from the rest.
 * Undefined for what is not valid.
 */
export function decodePunycode(text: string): string | undefined {
  const separator = text.lastIndexOf("_");
  const output = separator < 0 ? [] : Array.from(text.slice(0, separator), (char) => char.codePointAt(0) ?? 0);
  const encoded = text.slice(separator + 1);
  let codePoint = 128;
  let bias = 72;
  let position = 0;
  for (let at = 0; at < encoded.length; ) {
    const before = position;
    let weight = 1;
    for (let step = 36; ; step += 36) {
      const digit = "abcdefghijklmnopqrstuvwxyz0123456789".indexOf(encoded[at++] ?? "!");
      if (digit < 0) return undefined;
      position += digit * weight;
      if (position > 0x7fff_ffff) return undefined;
      const threshold = Math.max(1, Math.min(26, step - bias));
      if (digit < threshold) break;
      weight *= 36 - threshold;
    }
    const length = output.length + 1;
    bias = adaptBias(position - before, length, before === 0);
    codePoint += Math.floor(position / length);
    position %= length;
    if (codePoint > 0x10_ffff || (codePoint >= 0xd800 && codePoint < 0xe000)) return undefined;
    output.splice(position++, 0, codePoint);
  }
  return String.fromCodePoint(...output);
}

function adaptBias(delta: number, length: number, first: boolean): number {
  let rest = Math.floor(delta / (first ? 700 : 2));
  rest += Math.floor(rest / length);
  let bias = 0;
  for (; rest > 455; bias += 36) rest = Math.floor(rest / 35);
  return bias + Math.floor((36 * rest) / (rest + 38));
}

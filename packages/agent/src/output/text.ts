/**
 * Names come from the programs that are traced: a process may call itself `\x1b[2J`, a symbol may hold anything.
 * These are the characters that a terminal or a reader would obey instead of seeing: controls (C0, C1), formatting
 * (bidirectional overrides, zero-width), line and paragraph separators, lone surrogates.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const ZERO_WIDTH = /\p{M}/u;
/** Close to East Asian Width W and F (Unicode UAX #11), as far as properties of regular expressions tell. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const ASCII_ONLY = /^[\x20-\x7e]*$/;

/** The text with every character that is not for reading replaced by its escape: `\x1b`, `\u{202e}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** JSON that is as harmless in a terminal as {@link printable} text, and parses to the same value. */
export function printableJson(value: unknown, indent?: number): string {
  // Outside strings JSON has no such character but the line feeds of the indentation.
  return JSON.stringify(value, undefined, indent).replace(UNPRINTABLE, (character) =>
    character === "\n"
      ? character
      : Array.from({ length: character.length }, (_, index) => `\\u${hex4(character.charCodeAt(index))}`).join(""),
  );
}

/** How many columns of a terminal the (printable) text takes. */
export function displayWidth(text: string): number {
  if (ASCII_ONLY.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

export function padDisplayEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - displayWidth(text)));
}

export function padDisplayStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - displayWidth(text))) + text;
}

/** The text with as much as needed of its middle replaced by `…`; `headShare` of what stays is the beginning. */
export function cutMiddle(text: string, columns: number, headShare = 0.5): string {
  if (displayWidth(text) <= columns) return text;
  const characters = Array.from(text);
  const head = takeColumns(characters, Math.floor((columns - 1) * headShare));
  const tail = takeColumns(characters.reverse(), columns - 1 - displayWidth(head.join("")));
  return `${head.join("")}…${tail.reverse().join("")}`;
}

/** The text with as much as needed of its end replaced by `…`. */
export function cutEnd(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  return `${takeColumns(Array.from(text), columns - 1).join("")}…`;
}

function takeColumns(characters: readonly string[], columns: number): string[] {
  const taken: string[] = [];
  let width = 0;
  for (const character of characters) {
    width += characterWidth(character);
    if (width > columns) break;
    taken.push(character);
  }
  return taken;
}

function characterWidth(character: string): number {
  if (ZERO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

function hex4(code: number): string {
  return code.toString(16).padStart(4, "0");
}

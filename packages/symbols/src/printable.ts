// C0 and C1 control characters, and those that reorder text: names come from files that anyone can write, and go to terminals.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text with everything that could steer a terminal replaced by U+FFFD. */
export function printable(text: string): string {
  return text.replace(unprintable, "\ufffd");
}

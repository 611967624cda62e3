/** Columns that every text of ours fits into: the width of a terminal that nobody has resized. */
export const TEXT_COLUMNS = 80;

/** Breaks `text` at spaces into lines of at most `columns`; a longer word gets a line of its own. */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line === "") line = word;
    else if (line.length + 1 + word.length <= columns) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** What one bench found: tables, and the goals it was measured for. */
export interface Report {
  /** What was measured, on what, how often. */
  readonly about: string;
  readonly tables: readonly Table[];
  readonly goals: readonly Goal[];
  /** What a reader has to know in order not to be misled: peers that were left out, and the like. */
  readonly notes: readonly string[];
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Goal {
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean;
}

/** Markdown that reads well in a terminal too. */
export function renderReport({ about, tables, goals, notes }: Report): string {
  const parts = [wrap(about), ...tables.map(renderTable)];
  if (goals.length > 0) {
    const lines = goals.map(({ goal, measured, met }) => `- goal ${goal}: **${met ? "met" : "missed"}** (${measured})`);
    parts.push(lines.join("\n"));
  }
  parts.push(...notes.map((note) => wrap(note)));
  return `${parts.join("\n\n")}\n`;
}

/** The first column is text and the others are numbers. */
function renderTable({ columns, rows }: Table): string {
  const widths = columns.map((heading, index) =>
    Math.max(heading.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, index) => {
      const cell = cells[index] ?? "";
      return index === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, index) => (index === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(columns), line(rule), ...rows.map(line)].join("\n");
}

function wrap(text: string, width: number = 120): string {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(/\s+/)) {
    if (current !== "" && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else {
      current = current === "" ? word : `${current} ${word}`;
    }
  }
  return [...lines, current].join("\n");
}

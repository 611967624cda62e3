import { styleText } from "node:util";
import { TEXT_COLUMNS, wrapText } from "../cli/wrap-text.ts";
import type { Check, DoctorReport, Section } from "./report.ts";

type Style = Parameters<typeof styleText>[0];

const marks: Readonly<Record<Check["status"], { readonly text: string; readonly style: Style }>> = {
  yes: { text: "✓", style: "green" },
  limited: { text: "!", style: "yellow" },
  no: { text: "✗", style: "red" },
  unused: { text: "-", style: "dim" },
  unknown: { text: "?", style: "dim" },
};

/** The report as text of 80 columns; with `colours` in those of a terminal, else plain. */
export function renderReport(report: DoctorReport, colours: boolean): string {
  // Not styleText's own look at the stream: what is rendered should depend on the arguments alone.
  const paint = (style: Style, text: string) => (colours ? styleText(style, text, { validateStream: false }) : text);
  const nameColumns = Math.max(...report.sections.flatMap(({ checks }) => checks.map(({ name }) => name.length))) + 2;
  return [
    paint("bold", `Skep ${report.skepVersion}`) +
      ` on Linux ${report.kernelRelease} (${report.architecture}), Node.js ${report.nodeVersion}`,
    ...report.sections.flatMap((section) => renderSection(section, nameColumns, paint)),
    "",
    ...wrapText(report.verdict, TEXT_COLUMNS).map((line) => paint(["bold", report.works ? "green" : "red"], line)),
    // As it is: advice may be a line to copy into a shell.
    ...report.advice,
    "",
  ].join("\n");
}

function renderSection(section: Section, nameColumns: number, paint: (style: Style, text: string) => string): string[] {
  const indent = "  ✓ ".length + nameColumns;
  return [
    "",
    paint("bold", section.title),
    ...section.checks.flatMap(({ name, status, detail }) => {
      const [first = "", ...more] = wrapText(breakWords(detail, TEXT_COLUMNS - indent), TEXT_COLUMNS - indent);
      const mark = paint(marks[status].style, marks[status].text);
      return [`  ${mark} ${name.padEnd(nameColumns)}${first}`, ...more.map((line) => " ".repeat(indent) + line)];
    }),
  ];
}

/** Paths that are too long for a line go on in the next one, behind a slash where there is one. */
function breakWords(text: string, columns: number): string {
  return text
    .split(" ")
    .flatMap((word) => (word.length <= columns ? [word] : piecesOf(word, columns)))
    .join(" ");
}

function piecesOf(word: string, columns: number): string[] {
  const pieces: string[] = [];
  let rest = word;
  while (rest.length > columns) {
    const slash = rest.lastIndexOf("/", columns - 1);
    const end = slash > 0 ? slash + 1 : columns;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...pieces, rest];
}

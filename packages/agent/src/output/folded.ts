import { type ProfileReport, reportValueIndex } from "./report.ts";
import { printable } from "./text.ts";

/**
 * The report as folded stacks, the input of flamegraph.pl and most viewers: a line per distinct stack, frames from
 * the root, the process's name in front, then the samples (off-CPU: nanoseconds).
 *
 * `;` separates frames, and the format knows no escape: inside names it becomes `:`.
 */
export function encodeFolded(report: ProfileReport): string {
  const valueIndex = reportValueIndex(report);
  const values = new Map<string, number>();
  for (const { process, stack, values: sampleValues } of report.samples) {
    const frames = [process.name, ...stack.map((frame) => frame.name).reverse()];
    const line = frames.map(foldedName).join(";");
    values.set(line, (values.get(line) ?? 0) + (sampleValues[valueIndex] ?? 0));
  }
  return [...values]
    .map(([line, value]) => `${line} ${value}\n`)
    .sort()
    .join("");
}

function foldedName(name: string): string {
  return printable(name).replaceAll(";", ":");
}

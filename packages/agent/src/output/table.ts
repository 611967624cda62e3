import { shortenFunctionName } from "./function-name.ts";
import { incompleteLines } from "./incomplete.ts";
import { type ProfileFunction, profileFunctions } from "./profile-functions.ts";
import { lostCount, type ProfileReport, type ReportUnit, reportUnit } from "./report.ts";
import { cutMiddle, displayWidth, padDisplayEnd, printable } from "./text.ts";

export interface TableOptions {
  /** Columns of the terminal; below 60 the lines get longer than that. Default: 80. */
  readonly columns?: number;
  /** Functions to show. Default: 20. */
  readonly rows?: number;
}

const MIN_COLUMNS = 60;
const GAP = "  ";
/** Wide enough for `100.0%` and `999 ms`. */
const VALUE_COLUMNS = 6;

/** The functions that took the most, for a terminal: plain text with a line feed at each line's end. */
export function formatTable(report: ProfileReport, { columns = 80, rows = 20 }: TableOptions = {}): string {
  const functions = profileFunctions(report);
  const lines = [...headerLines(report, functions), ""];
  if (functions.length === 0) {
    lines.push(report.mode === "on-cpu" ? "Nothing ran on a CPU." : "Nothing waited.");
  } else {
    const shown = functions.slice(0, rows);
    lines.push(...tableLines(shown, formatValue(functions, reportUnit(report)), Math.max(columns, MIN_COLUMNS)));
    const more = functions.length - shown.length;
    if (more > 0) lines.push("", `and ${counted(more, "more function")}`);
  }
  const incomplete = incompleteLines(report.incomplete ?? {});
  if (incomplete.length > 0) lines.push("", "incomplete:", ...incomplete.map((text) => `  ${text}`));
  return `${lines.join("\n")}\n`;
}

function headerLines(report: ProfileReport, functions: readonly ProfileFunction[]): string[] {
  const lost = lostCount(report);
  const seconds = `${(report.durationNs / 1e9).toFixed(1)} s`;
  const tail = `${formatNumber(lost)} lost`;
  const header =
    report.mode === "on-cpu"
      ? `${report.frequencyHz} Hz on ${counted(report.cpuCount, "CPU")} for ${seconds}: ${counted(report.sampleCount, "sample")}, ${tail}`
      : `Off-CPU for ${seconds}: ${counted(report.sampleCount, "wait")}, ${formatDuration(sumOfSelf(functions))} in all, ${tail}`;
  if (lost === 0) return [header];
  const reasons = Object.entries(report.lost).filter(([, count]) => count > 0);
  return [
    header,
    `lost: ${reasons.map(([reason, count]) => `${printable(reason)} ${formatNumber(count)}`).join(", ")}`,
  ];
}

function tableLines(
  functions: readonly ProfileFunction[],
  format: (value: number) => string,
  columns: number,
): string[] {
  const cells = functions.map(({ self, total, name, module, process, pid }) => ({
    self: format(self),
    total: format(total),
    name: printable(name),
    module: printable(module),
    process: printable(process),
    pid: ` (${pid})`,
  }));
  const widest = (texts: readonly string[]) => Math.max(...texts.map(displayWidth));
  const valueColumns = Math.max(VALUE_COLUMNS, widest(cells.flatMap(({ self, total }) => [self, total])));
  const moduleColumns = Math.min(
    widest(["MODULE", ...cells.map(({ module }) => module)]),
    Math.max(10, Math.floor(columns * 0.15)),
  );
  const processColumns = Math.min(
    widest(["PROCESS", ...cells.map(({ process, pid }) => process + pid)]),
    Math.max(18, Math.floor(columns * 0.2)),
  );
  const nameColumns = Math.min(
    widest(["FUNCTION", ...cells.map(({ name }) => name)]),
    columns - 2 * valueColumns - moduleColumns - processColumns - 4 * GAP.length,
  );

  const line = (self: string, total: string, name: string, module: string, process: string) =>
    [
      self.padStart(valueColumns),
      total.padStart(valueColumns),
      padDisplayEnd(name, nameColumns),
      padDisplayEnd(module, moduleColumns),
      process,
    ].join(GAP);
  return [
    line("SELF", "TOTAL", "FUNCTION", "MODULE", "PROCESS"),
    ...cells.map(({ self, total, name, module, process, pid }) =>
      line(
        self,
        total,
        shortenFunctionName(name, nameColumns),
        cutMiddle(module, moduleColumns),
        cutMiddle(process, processColumns - pid.length) + pid,
      ),
    ),
  ];
}

/** Samples are shown as shares of the whole; time off the CPU as it is, since waits run side by side. */
function formatValue(functions: readonly ProfileFunction[], unit: ReportUnit): (value: number) => string {
  switch (unit) {
    case "samples": {
      const sum = Math.max(1, sumOfSelf(functions));
      return (value) => `${((100 * value) / sum).toFixed(1)}%`;
    }
    case "nanoseconds":
      return formatDuration;
    default:
      return unit satisfies never;
  }
}

function sumOfSelf(functions: readonly ProfileFunction[]): number {
  return functions.reduce((sum, { self }) => sum + self, 0);
}

/** Three digits where they fit: `2.00 s`, `31.4 s`, `20 ms`, `7 us`. */
function formatDuration(durationNs: number): string {
  if (durationNs >= 99.95e9) return `${Math.round(durationNs / 1e9)} s`;
  if (durationNs >= 9.995e9) return `${(durationNs / 1e9).toFixed(1)} s`;
  if (durationNs >= 999.5e6) return `${(durationNs / 1e9).toFixed(2)} s`;
  if (durationNs >= 999.5e3) return `${Math.round(durationNs / 1e6)} ms`;
  if (durationNs >= 999.5) return `${Math.round(durationNs / 1e3)} us`;
  return `${Math.round(durationNs)} ns`;
}

function counted(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function formatNumber(value: number): string {
  return value.toLocaleString("en-US");
}

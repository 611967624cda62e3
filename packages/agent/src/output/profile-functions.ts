import type { Frame, ProcessInfo } from "@skep/otlp/pprof";
import { type ProfileReport, reportValueIndex } from "./report.ts";

/** One function of one process, in the report's unit. */
export interface ProfileFunction {
  readonly name: string;
  readonly module: string;
  readonly process: string;
  readonly pid: number;
  /** While the function itself was at the top of the stack. */
  readonly self: number;
  /** While it was anywhere on the stack; once for each stack, however often it recursed. */
  readonly total: number;
}

/** Stands for the function of a sample whose stack could not be walked at all. */
export const NO_STACK = "[no stack]";

interface Row {
  readonly name: string;
  readonly module: string;
  readonly process: string;
  readonly pid: number;
  self: number;
  total: number;
  /** The last sample that `total` counted, so that recursion counts once. */
  lastSample: number;
}

/** Self and total of every function, the largest self first. The self values add up to the whole profile. */
export function profileFunctions(report: ProfileReport): readonly ProfileFunction[] {
  const valueIndex = reportValueIndex(report);
  const rows = new RowTable();
  for (const [index, sample] of report.samples.entries()) {
    const value = sample.values[valueIndex] ?? 0;
    const [leaf] = sample.stack;
    rows.row(sample.process, leaf).self += value;
    for (const frame of leaf === undefined ? [undefined] : sample.stack) {
      const row = rows.row(sample.process, frame);
      if (row.lastSample === index) continue;
      row.lastSample = index;
      row.total += value;
    }
  }
  return rows
    .all()
    .sort((a, b) => b.self - a.self || b.total - a.total || compareText(a.name, b.name) || a.pid - b.pid)
    .map(({ lastSample: _, ...row }) => row);
}

class RowTable {
  readonly #byKey = new Map<string, Row>();
  /** Frames are shared objects: nearly every look-up ends here, without making a key. */
  readonly #byFrame = new Map<ProcessInfo, Map<Frame | undefined, Row>>();

  all(): Row[] {
    return [...this.#byKey.values()];
  }

  row(process: ProcessInfo, frame: Frame | undefined): Row {
    let ofProcess = this.#byFrame.get(process);
    if (ofProcess === undefined) {
      ofProcess = new Map();
      this.#byFrame.set(process, ofProcess);
    }
    let row = ofProcess.get(frame);
    if (row === undefined) {
      row = this.#rowByKey(process, frame?.name ?? NO_STACK, frame?.mapping.name ?? "");
      ofProcess.set(frame, row);
    }
    return row;
  }

  #rowByKey({ pid, name: process }: ProcessInfo, name: string, module: string): Row {
    const key = JSON.stringify([pid, process, module, name]);
    let row = this.#byKey.get(key);
    if (row === undefined) {
      row = { name, module, process, pid, self: 0, total: 0, lastSample: -1 };
      this.#byKey.set(key, row);
    }
    return row;
  }
}

/** By code unit: the same order on every machine, whatever its locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

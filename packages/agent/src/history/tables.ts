import type { Frame } from "@skep/otlp/pprof";
import type { TracedProcess } from "@skep/tracers";
import type { FileStatistics } from "@skep/tracers/files";
import type { FlameFrameKind } from "../output/flame-graph-data.ts";
import { printable } from "../output/text.ts";
import { StringTable } from "./string-table.ts";
import { TupleTable } from "./tuple-table.ts";

const KINDS: readonly FlameFrameKind[] = ["kernel", "native", "jit", "vdso", "unnamed"];

const FILE_TYPES: readonly FileStatistics["type"][] = [
  "file",
  "directory",
  "socket",
  "pipe",
  "device",
  "other",
  "none",
];

/** Shares of the memory that the tables may take together. */
const SHARES = { strings: 0.22, stacks: 0.54, frames: 0.12, processes: 0.03, files: 0.04 };

/** A function of a stack, wherever in it the address was. */
export interface KeptFrame {
  readonly name: string;
  readonly module: string;
  readonly path: string;
  readonly kind: FlameFrameKind;
}

export interface KeptProcess {
  readonly pid: number;
  readonly name: string;
  readonly executablePath?: string;
  readonly containerId?: string;
}

export interface KeptFile {
  readonly path: string;
  readonly type: FileStatistics["type"];
  readonly fileSystem: string;
  readonly deleted: boolean;
}

/** Which rows of each table something still refers to: 1 for those. */
export interface TableUse {
  readonly strings: Uint8Array;
  readonly stacks: Uint8Array;
  readonly processes: Uint8Array;
  readonly files: Uint8Array;
}

/** The new number of each row that was kept. */
export interface TableRenumbering {
  readonly strings: Int32Array;
  readonly stacks: Int32Array;
  readonly processes: Int32Array;
  readonly files: Int32Array;
}

/**
 * What the spans of the history have in common, each thing once: names, functions, stacks, processes, files.
 *
 * A stack is a node of one tree of calls: its caller's node and a function. Number 0 of every table means "not known":
 * what finds no room gets it.
 */
export class HistoryTables {
  readonly strings: StringTable;
  readonly #frames: TupleTable;
  readonly #stacks: TupleTable;
  readonly #processes: TupleTable;
  readonly #files: TupleTable;
  /** How often something found no room, so far. */
  refused = 0;

  constructor(limitBytes: number) {
    this.strings = new StringTable(limitBytes * SHARES.strings);
    this.#frames = new TupleTable(4, limitBytes * SHARES.frames);
    this.#stacks = new TupleTable(2, limitBytes * SHARES.stacks);
    this.#processes = new TupleTable(4, limitBytes * SHARES.processes);
    this.#files = new TupleTable(3, limitBytes * SHARES.files);
  }

  get sizeBytes(): number {
    return this.#fills().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Of the fullest table, 0 to 1. */
  get fullness(): number {
    return Math.max(...this.#fills().map(({ fullness }) => fullness));
  }

  addText(text: string): number {
    return this.#noted(this.strings.add(text)) ?? 0;
  }

  addProcess({ pid, name, executablePath = "", containerId = "" }: TracedProcess): number {
    const texts = [name, executablePath, containerId].map((text) => this.addText(text));
    return this.#noted(this.#processes.add([pid, ...texts])) ?? 0;
  }

  process(row: number): KeptProcess {
    const [pid, name, executablePath, containerId] = [0, 1, 2, 3].map((column) => this.#processes.get(row, column));
    return {
      pid: pid ?? 0,
      name: row === 0 ? "other processes" : this.printable(name ?? 0),
      ...(executablePath !== 0 && { executablePath: this.printable(executablePath ?? 0) }),
      ...(containerId !== 0 && { containerId: this.printable(containerId ?? 0) }),
    };
  }

  pidOf(process: number): number {
    return this.#processes.get(process, 0);
  }

  addFile({ path, type, fileSystem, deleted }: KeptFile): number {
    const pathId = this.#noted(this.strings.add(path));
    if (pathId === undefined) return 0;
    const flags = FILE_TYPES.indexOf(type) * 2 + (deleted ? 1 : 0);
    return this.#noted(this.#files.add([pathId, this.addText(fileSystem), flags])) ?? 0;
  }

  /** Undefined for number 0: the files that found no room. */
  file(row: number): KeptFile | undefined {
    if (row === 0) return undefined;
    const flags = this.#files.get(row, 2);
    return {
      path: this.printable(this.#files.get(row, 0)),
      fileSystem: this.printable(this.#files.get(row, 1)),
      type: FILE_TYPES[flags >> 1] ?? "none",
      deleted: (flags & 1) === 1,
    };
  }

  /**
   * The number of a frame, to be kept by the caller for the time of a round: frames are shared objects, and most
   * stacks share most of them.
   */
  addFrame({ name, mapping, kind, symbolized }: Frame): number | undefined {
    const nameId = this.#noted(this.strings.add(name));
    if (nameId === undefined) return undefined;
    const kindId = KINDS.indexOf(symbolized ? kind : "unnamed");
    return this.#noted(this.#frames.add([nameId, this.addText(mapping.name), this.addText(mapping.path), kindId]));
  }

  frame(row: number): KeptFrame {
    return {
      name: this.printable(this.#frames.get(row, 0)),
      module: this.printable(this.#frames.get(row, 1)),
      path: this.printable(this.#frames.get(row, 2)),
      kind: KINDS[this.#frames.get(row, 3)] ?? "unnamed",
    };
  }

  /** The node of a stack, given leaf first. What finds no room is cut off at the leaf's end. */
  addStack(frames: readonly (number | undefined)[]): number {
    let node = 0;
    for (let depth = frames.length - 1; depth >= 0; depth--) {
      const frame = frames[depth];
      const child = frame === undefined ? undefined : this.#noted(this.#stacks.add([node, frame]));
      if (child === undefined) break;
      node = child;
    }
    return node;
  }

  callerOf(stack: number): number {
    return this.#stacks.get(stack, 0);
  }

  frameOf(stack: number): number {
    return this.#stacks.get(stack, 1);
  }

  /** A text in a form that no terminal or reader obeys: names are chosen by the programs that are traced. */
  printable(id: number): string {
    return printable(this.strings.text(id));
  }

  /** Nothing used so far, to be marked. */
  unused(): TableUse {
    return {
      strings: new Uint8Array(this.strings.size),
      stacks: new Uint8Array(this.#stacks.size),
      processes: new Uint8Array(this.#processes.size),
      files: new Uint8Array(this.#files.size),
    };
  }

  /** Forgets what is not marked, nor needed by what is. */
  keep(use: TableUse): TableRenumbering {
    const usedFrames = new Uint8Array(this.#frames.size);
    // Callers come before what they called.
    for (let node = this.#stacks.size - 1; node > 0; node--) {
      if (use.stacks[node] !== 1) continue;
      use.stacks[this.callerOf(node)] = 1;
      usedFrames[this.frameOf(node)] = 1;
    }
    markColumns(this.#processes, use.processes, [1, 2, 3], use.strings);
    markColumns(this.#files, use.files, [0, 1], use.strings);
    markColumns(this.#frames, usedFrames, [0, 1, 2], use.strings);

    const strings = this.strings.keep(use.strings);
    const frames = this.#frames.keep(usedFrames, renumberColumns([0, 1, 2], strings));
    return {
      strings,
      processes: this.#processes.keep(use.processes, renumberColumns([1, 2, 3], strings)),
      files: this.#files.keep(use.files, renumberColumns([0, 1], strings)),
      stacks: this.#stacks.keep(use.stacks, (tuple, renumbered) => {
        tuple[0] = renumbered[tuple[0] ?? 0] ?? 0;
        tuple[1] = frames[tuple[1] ?? 0] ?? 0;
      }),
    };
  }

  #noted(row: number | undefined): number | undefined {
    if (row === undefined) this.refused++;
    return row;
  }

  #fills() {
    return [this.strings, this.#frames, this.#stacks, this.#processes, this.#files].map(({ fill }) => fill);
  }
}

function markColumns(table: TupleTable, used: Uint8Array, columns: readonly number[], strings: Uint8Array): void {
  for (let row = 0; row < table.size; row++) {
    if (used[row] !== 1) continue;
    for (const column of columns) strings[table.get(row, column)] = 1;
  }
}

function renumberColumns(columns: readonly number[], renumbered: Int32Array): (tuple: Int32Array) => void {
  return (tuple) => {
    for (const column of columns) tuple[column] = renumbered[tuple[column] ?? 0] ?? 0;
  };
}

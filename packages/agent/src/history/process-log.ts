import type { ProcessEvent } from "@skep/tracers/processes";
import type { HistoryTables, TableRenumbering, TableUse } from "./tables.ts";

const KINDS = ["start", "exec", "exec-failure", "exit"] as const satisfies readonly ProcessEvent["kind"][];

/** Longer command lines are cut: the log says what was started, not all that it was told. */
const MAXIMUM_COMMAND_CHARACTERS = 300;

/** An event as the page shows it. */
export interface ProcessLogEntry {
  /** Counts all events since the start, so that the page knows which are new. */
  readonly number: number;
  readonly kind: ProcessEvent["kind"];
  readonly timeMs: number;
  readonly pid: number;
  readonly parentPid: number;
  readonly userId: number;
  readonly name: string;
  readonly containerId?: string;
  /** Of exec: the command line; where the exec failed, the path. */
  readonly command?: string;
  /** Of an exec that failed: the name of the errno. */
  readonly error?: string;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly coreDumped?: boolean;
  readonly lifetimeNs?: number;
  readonly cpuTimeNs?: number;
  readonly peakResidentBytes?: number;
}

/** 4-byte columns of an event; the texts are numbers of strings. */
const INTEGERS = ["kind", "pid", "parentPid", "userId", "name", "containerId", "text", "outcome", "exitCode"] as const;
/** 8-byte columns. */
const NUMBERS = ["timeMs", "lifetimeNs", "cpuTimeNs", "peakResidentBytes"] as const;
const TEXT_COLUMNS = ["name", "containerId", "text", "outcome"] as const;

type Integer = (typeof INTEGERS)[number];
type Number8 = (typeof NUMBERS)[number];

const ENTRY_BYTES = INTEGERS.length * 4 + NUMBERS.length * 8;
/** In the column of exit codes, of an event that has none; with a signal it is {@link DUMPED} where there was a core. */
const NONE = -1;
const DUMPED = -2;

/** The last events of processes, in a fixed piece of memory: the oldest one makes room for the newest. */
export class ProcessLog {
  readonly #capacity: number;
  readonly #tables: HistoryTables;
  readonly #integers: Int32Array;
  readonly #numbers: Float64Array;
  /** Events since the start: the number of the next one. */
  #added = 0;
  /** The number of the oldest event that is still there. */
  #oldest = 0;
  #forgotten = 0;

  constructor(limitBytes: number, tables: HistoryTables) {
    this.#capacity = Math.max(1, Math.floor(limitBytes / ENTRY_BYTES));
    this.#tables = tables;
    this.#integers = new Int32Array(this.#capacity * INTEGERS.length);
    this.#numbers = new Float64Array(this.#capacity * NUMBERS.length);
  }

  get size(): number {
    return this.#added - this.#oldest;
  }

  get sizeBytes(): number {
    return this.#integers.byteLength + this.#numbers.byteLength;
  }

  /** Events that had to make room before their time was up. */
  get forgotten(): number {
    return this.#forgotten;
  }

  add(event: ProcessEvent): void {
    if (this.size === this.#capacity) {
      this.#oldest++;
      this.#forgotten++;
    }
    const text = (value: string | undefined) => (value === undefined ? 0 : this.#tables.addText(value));
    const { text: detail, outcome, exitCode, numbers } = details(event);
    const slot = this.#added % this.#capacity;
    this.#integers.set(
      [
        KINDS.indexOf(event.kind),
        event.pid,
        event.parentPid,
        event.userId,
        text(event.name),
        text(event.containerId),
        text(detail),
        text(outcome),
        exitCode,
      ],
      slot * INTEGERS.length,
    );
    this.#numbers.set([Number(event.timeUnixNs) / 1e6, ...numbers], slot * NUMBERS.length);
    this.#added++;
  }

  dropBefore(timeMs: number): void {
    while (this.size > 0 && this.#number(this.#oldest, "timeMs") < timeMs) this.#oldest++;
  }

  /** Newest first, without the texts of those that found no room. */
  *entries(): Generator<ProcessLogEntry> {
    for (let number = this.#added - 1; number >= this.#oldest; number--) yield this.#entry(number);
  }

  markUse(use: TableUse): void {
    for (let number = this.#oldest; number < this.#added; number++) {
      for (const column of TEXT_COLUMNS) use.strings[this.#integer(number, column)] = 1;
    }
  }

  renumber({ strings }: TableRenumbering): void {
    for (let number = this.#oldest; number < this.#added; number++) {
      for (const column of TEXT_COLUMNS) {
        const at = this.#offset(number, column);
        this.#integers[at] = strings[this.#integers[at] ?? 0] ?? 0;
      }
    }
  }

  #entry(number: number): ProcessLogEntry {
    const integer = (column: Integer) => this.#integer(number, column);
    const text = (column: Integer) => this.#tables.printable(integer(column));
    const kind = KINDS[integer("kind")] ?? "start";
    const shared = {
      number,
      kind,
      timeMs: this.#number(number, "timeMs"),
      pid: integer("pid"),
      parentPid: integer("parentPid"),
      userId: integer("userId"),
      name: text("name"),
      ...(integer("containerId") !== 0 && { containerId: text("containerId") }),
    };
    switch (kind) {
      case "start":
        return shared;
      case "exec":
        return { ...shared, command: text("text") };
      case "exec-failure":
        return { ...shared, command: text("text"), error: text("outcome") };
      case "exit": {
        const exitCode = integer("exitCode");
        return {
          ...shared,
          ...(exitCode >= 0 ? { exitCode } : { signal: text("outcome"), coreDumped: exitCode === DUMPED }),
          lifetimeNs: this.#number(number, "lifetimeNs"),
          cpuTimeNs: this.#number(number, "cpuTimeNs"),
          peakResidentBytes: this.#number(number, "peakResidentBytes"),
        };
      }
      default:
        return kind satisfies never;
    }
  }

  #offset(number: number, column: Integer): number {
    return (number % this.#capacity) * INTEGERS.length + INTEGERS.indexOf(column);
  }

  #integer(number: number, column: Integer): number {
    return this.#integers[this.#offset(number, column)] ?? 0;
  }

  #number(number: number, column: Number8): number {
    return this.#numbers[(number % this.#capacity) * NUMBERS.length + NUMBERS.indexOf(column)] ?? 0;
  }
}

interface Details {
  readonly text?: string;
  readonly outcome?: string;
  readonly exitCode: number;
  /** Lifetime, CPU time and peak of memory. */
  readonly numbers: readonly number[];
}

function details(event: ProcessEvent): Details {
  switch (event.kind) {
    case "start":
      return { exitCode: NONE, numbers: [0, 0, 0] };
    case "exec":
      return { text: commandLine(event.arguments, event.executablePath), exitCode: NONE, numbers: [0, 0, 0] };
    case "exec-failure":
      return { text: commandLine([], event.path), outcome: event.error, exitCode: NONE, numbers: [0, 0, 0] };
    case "exit": {
      const numbers = [event.lifetimeNs, event.cpuTimeNs, event.peakResidentBytes];
      if (event.exitCode !== undefined) return { exitCode: event.exitCode, numbers };
      return { outcome: event.signal ?? "", exitCode: event.coreDumped ? DUMPED : NONE, numbers };
    }
    default:
      return event satisfies never;
  }
}

/** As one would type it, nearly: arguments with blanks are quoted. */
function commandLine(args: readonly string[], path: string): string {
  const words = args.length === 0 ? [path] : args;
  const line = words.map((word) => (/[\s"']|^$/.test(word) ? JSON.stringify(word) : word)).join(" ");
  return line.length <= MAXIMUM_COMMAND_CHARACTERS ? line : `${line.slice(0, MAXIMUM_COMMAND_CHARACTERS - 1)}…`;
}

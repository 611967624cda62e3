/** Values that are added where two neighbouring points become one; of the whole point, to be divided by its duration. */
const COUNTS = [
  "samples",
  "onCpuNs",
  "offCpuNs",
  "syscalls",
  "syscallErrors",
  "processStarts",
  "readBytes",
  "writtenBytes",
  /** Of HTTP and gRPC, on both sides. */
  "requests",
  "requestErrors",
  "packetDrops",
  /** Of the agent; its BPF programs' own time comes on top where it is measured. */
  "agentCpuNs",
  "bpfRunTimeNs",
  "lost",
] as const;

/** Values that are averaged over their time. */
const LEVELS = [
  /** 0 to 1, of all CPUs. */
  "cpuBusyShare",
  "memoryUsedBytes",
  "loadAverage",
  /** Their ends that there are. */
  "connections",
  "residentBytes",
  "mapBytes",
] as const;

/** What is drawn over time. */
export type SeriesName = (typeof COUNTS)[number] | (typeof LEVELS)[number];

export const SERIES_NAMES: readonly SeriesName[] = [...COUNTS, ...LEVELS];

/** A value that is absent was not measured: its tracer was off. */
export type SeriesValues = Readonly<Partial<Record<SeriesName, number>>>;

export interface SeriesPoint {
  readonly startMs: number;
  readonly endMs: number;
  readonly values: SeriesValues;
}

const COLUMNS = 2 + SERIES_NAMES.length;

/**
 * Values over time in a fixed piece of memory: a row for each point, NaN for what was not measured. When it is full,
 * neighbours in its older half become one.
 */
export class Series {
  readonly #rows: Float64Array;
  #size = 0;

  constructor(capacity: number) {
    this.#rows = new Float64Array(capacity * COLUMNS);
  }

  get size(): number {
    return this.#size;
  }

  get sizeBytes(): number {
    return this.#rows.byteLength;
  }

  add({ startMs, endMs, values }: SeriesPoint): void {
    if (this.#size * COLUMNS === this.#rows.length) this.#coarsen();
    const row = [startMs, endMs, ...SERIES_NAMES.map((name) => values[name] ?? Number.NaN)];
    this.#rows.set(row, this.#size * COLUMNS);
    this.#size++;
  }

  dropBefore(timeMs: number): void {
    let first = 0;
    while (first < this.#size && this.#at(first, 1) <= timeMs) first++;
    this.#rows.copyWithin(0, first * COLUMNS, this.#size * COLUMNS);
    this.#size -= first;
  }

  *points(): Generator<SeriesPoint> {
    for (let point = 0; point < this.#size; point++) {
      const values: Partial<Record<SeriesName, number>> = {};
      for (const [index, name] of SERIES_NAMES.entries()) {
        const value = this.#at(point, 2 + index);
        if (!Number.isNaN(value)) values[name] = value;
      }
      yield { startMs: this.#at(point, 0), endMs: this.#at(point, 1), values };
    }
  }

  #coarsen(): void {
    const half = Math.floor(this.#size / 4) * 2;
    for (let point = 0; point < half; point += 2) this.#rows.set(this.#joined(point), (point / 2) * COLUMNS);
    this.#rows.copyWithin((half / 2) * COLUMNS, half * COLUMNS, this.#size * COLUMNS);
    this.#size -= half / 2;
  }

  /** A point and the next one as one. What was measured in one of them alone counts for that one. */
  #joined(point: number): number[] {
    const durationMs = (of: number) => this.#at(of, 1) - this.#at(of, 0);
    const values = SERIES_NAMES.map((name, index) => {
      const a = this.#at(point, 2 + index);
      const b = this.#at(point + 1, 2 + index);
      if (Number.isNaN(a)) return b;
      if (Number.isNaN(b)) return a;
      if (isCount(name)) return a + b;
      const totalMs = durationMs(point) + durationMs(point + 1);
      return totalMs === 0 ? b : (a * durationMs(point) + b * durationMs(point + 1)) / totalMs;
    });
    return [this.#at(point, 0), this.#at(point + 1, 1), ...values];
  }

  #at(point: number, column: number): number {
    return this.#rows[point * COLUMNS + column] ?? Number.NaN;
  }
}

function isCount(name: SeriesName): boolean {
  return COUNTS.some((count) => count === name);
}

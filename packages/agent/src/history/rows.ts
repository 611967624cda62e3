/** How two rows with the same keys become one. */
export type Combination = "sum" | "maximum";

/** What the rows of a table are: two keys, and values that are combined in one way or another. */
export interface RowShape<Name extends string> {
  readonly values: readonly Name[];
  /** The value that says how much a row matters. */
  readonly weight: Name;
  /** Values that are maxima instead of sums. */
  readonly maxima?: readonly Name[];
}

/** Keys have to be smaller, so that two of them fit into the 53 bits of a safe integer. */
const KEY_LIMIT = 2 ** 26;

/**
 * Numbers by two keys, in typed columns: what a span of time keeps of stacks, system calls, files and so on.
 *
 * Whatever is done to rows, joining spans or folding the many light ones into one, leaves every sum as it was.
 */
export class Rows<Name extends string> {
  readonly shape: RowShape<Name>;
  readonly size: number;
  readonly first: Int32Array;
  readonly second: Int32Array;
  /** Rows that were folded into others because there were too many. */
  readonly folded: number;
  readonly #columns: Readonly<Record<Name, Float64Array>>;

  constructor(
    shape: RowShape<Name>,
    first: Int32Array,
    second: Int32Array,
    columns: Readonly<Record<Name, Float64Array>>,
    folded: number,
  ) {
    this.shape = shape;
    this.size = first.length;
    this.first = first;
    this.second = second;
    this.folded = folded;
    this.#columns = columns;
  }

  get sizeBytes(): number {
    return this.size * rowBytes(this.shape);
  }

  column(name: Name): Float64Array {
    return this.#columns[name];
  }

  sum(name: Name): number {
    return this.column(name).reduce((sum, value) => sum + value, 0);
  }

  each(handle: (first: number, second: number, values: Readonly<Record<Name, number>>) => void): void {
    for (let row = 0; row < this.size; row++) {
      const values = this.shape.values.map((name) => [name, this.column(name)[row] ?? 0]);
      handle(this.first[row] ?? 0, this.second[row] ?? 0, Object.fromEntries(values));
    }
  }

  /** The same rows with other keys. */
  renumbered(first: Int32Array | undefined, second: Int32Array | undefined): Rows<Name> {
    return new Rows(
      this.shape,
      first === undefined ? this.first : this.first.map((key) => first[key] ?? 0),
      second === undefined ? this.second : this.second.map((key) => second[key] ?? 0),
      this.#columns,
      this.folded,
    );
  }
}

/** How many rows of that shape fit into so many bytes; at least 4. */
export function rowsIn(tableBytes: number, shape: RowShape<string>): number {
  return Math.max(4, Math.floor(tableBytes / rowBytes(shape)));
}

function rowBytes(shape: RowShape<string>): number {
  return 2 * 4 + shape.values.length * 8;
}

/** Gathers rows: what is added with the same keys becomes one. */
export class RowsBuilder<Name extends string> {
  readonly #shape: RowShape<Name>;
  readonly #combinations: readonly Combination[];
  readonly #rowByKey = new Map<number, number>();
  readonly #first: number[] = [];
  readonly #second: number[] = [];
  readonly #values: number[][];
  #folded = 0;

  constructor(shape: RowShape<Name>) {
    this.#shape = shape;
    this.#combinations = shape.values.map((name) => (shape.maxima?.includes(name) ? "maximum" : "sum"));
    this.#values = shape.values.map(() => []);
  }

  /** The values in the order of the shape. */
  add(first: number, second: number, values: readonly number[]): void {
    const row = this.#rowOf(first, second);
    for (let index = 0; index < this.#values.length; index++) this.#combine(index, row, values[index] ?? 0);
  }

  /** Adds what has no row of its own, since it is too light. */
  fold(first: number, values: readonly number[]): void {
    this.add(first, 0, values);
    this.#folded++;
  }

  addAll(rows: Rows<Name>): void {
    const columns = this.#shape.values.map((name) => rows.column(name));
    for (let row = 0; row < rows.size; row++) {
      this.#addFrom(columns, row, rows.first[row] ?? 0, rows.second[row] ?? 0);
    }
    this.#folded += rows.folded;
  }

  /**
   * The rows; where there are more than `maximumRows`, the lightest ones are folded: those with the same first key into
   * one with 0 for the second, and what is too light even so into the one with both keys 0.
   */
  build(maximumRows: number = Number.POSITIVE_INFINITY): Rows<Name> {
    if (this.#first.length <= maximumRows) return this.#rows(this.#folded);
    const byFirst = this.#foldedBeyond(Math.ceil(maximumRows * 0.75), (first) => first);
    const kept = byFirst.#first.length <= maximumRows ? byFirst : byFirst.#foldedBeyond(maximumRows - 1, () => 0);
    return kept.#rows(this.#folded + this.#first.length - kept.#first.length);
  }

  /** The heaviest rows as they are, all others with the first key that is given and the second key 0. */
  #foldedBeyond(count: number, firstOf: (first: number) => number): RowsBuilder<Name> {
    const weights = this.#values[this.#shape.values.indexOf(this.#shape.weight)] ?? [];
    const heaviestFirst = Int32Array.from(weights.keys()).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
    const folded = new RowsBuilder(this.#shape);
    heaviestFirst.forEach((row, rank) => {
      const first = this.#first[row] ?? 0;
      if (rank < count) folded.#addFrom(this.#values, row, first, this.#second[row] ?? 0);
      else folded.#addFrom(this.#values, row, firstOf(first), 0);
    });
    return folded;
  }

  /** Adds one row of columns, with these keys. No array is made of it: there are thousands a round. */
  #addFrom(columns: readonly ArrayLike<number>[], at: number, first: number, second: number): void {
    const row = this.#rowOf(first, second);
    for (let index = 0; index < columns.length; index++) this.#combine(index, row, columns[index]?.[at] ?? 0);
  }

  #rowOf(first: number, second: number): number {
    if (first >= KEY_LIMIT || second >= KEY_LIMIT) throw new RangeError(`a key is too large: ${first}, ${second}`);
    const key = first * KEY_LIMIT + second;
    const known = this.#rowByKey.get(key);
    if (known !== undefined) return known;
    const row = this.#first.push(first) - 1;
    this.#second.push(second);
    for (let index = 0; index < this.#values.length; index++) this.#values[index]?.push(0);
    this.#rowByKey.set(key, row);
    return row;
  }

  #combine(index: number, row: number, value: number): void {
    const column = this.#values[index];
    if (column === undefined) return;
    const before = column[row] ?? 0;
    column[row] = this.#combinations[index] === "maximum" ? Math.max(before, value) : before + value;
  }

  #rows(folded: number): Rows<Name> {
    const columns = Object.fromEntries(
      this.#shape.values.map((name, index) => [name, Float64Array.from(this.#values[index] ?? [])]),
    ) as Record<Name, Float64Array>;
    return new Rows(this.#shape, Int32Array.from(this.#first), Int32Array.from(this.#second), columns, folded);
  }
}

/** The rows of several spans as those of one. */
export function joinRows<Name extends string>(
  shape: RowShape<Name>,
  parts: readonly Rows<Name>[],
  maximumRows?: number,
): Rows<Name> {
  const builder = new RowsBuilder(shape);
  for (const rows of parts) builder.addAll(rows);
  return builder.build(maximumRows);
}

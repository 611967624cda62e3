/** Arrays of numbers that tables are made of, megabytes each while a large table is being read. */
export type Column =
  | Float64Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/**
 * Gives the memory of arrays back now; they are empty afterwards. The garbage collector would do that too, but some day:
 * it sees small objects, and until then the process is larger by all that they stand for.
 */
export function release(...columns: readonly ArrayBufferView<ArrayBufferLike>[]): void {
  for (const { buffer } of columns) if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** The first `length` elements in as much memory as they need. `column` is empty afterwards, unless that is all of it. */
export function cut<C extends Column>(column: C, length: number): C {
  if (length === column.length) return column;
  const kept = column.slice(0, length) as C;
  release(column);
  return kept;
}

/** `larger`, which begins with what was in `column`, which is empty afterwards. */
export function moved<C extends Column>(column: C, larger: C): C {
  larger.set(column);
  release(column);
  return larger;
}

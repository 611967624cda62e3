/** How the linker binds a name, in order of preference. */
export type Binding = 0 | 1 | 2;
export const GLOBAL: Binding = 0;
export const LOCAL: Binding = 1;
export const WEAK: Binding = 2;

const underscore = 0x5f;

/**
 * Rank of one of several names of the same address; the lowest is shown. The rule, for kernel and user code alike:
 *
 * 1. the fewest leading underscores: `read`, not `__libc_read`; `puts`, not `_IO_puts`
 * 2. global over local over weak
 * 3. the shortest
 *
 * and among equals the one that comes first in the table, so that a file always gives the same names.
 */
export function aliasRank(binding: Binding, name: Uint8Array, start: number, end: number): number {
  let underscores = 0;
  while (start + underscores < end && name[start + underscores] === underscore) underscores++;
  return (Math.min(underscores, 0xff) * 4 + binding) * 0x1_0000 + Math.min(end - start, 0xffff);
}

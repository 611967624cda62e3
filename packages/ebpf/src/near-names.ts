import { BpfError } from "./errors.ts";

/**
 * Looks a name up among those that an object has.
 *
 * @throws {BpfError} `not-found`, naming what there is
 */
export function findNamed<T>(named: ReadonlyMap<string, T>, kind: string, name: string): T {
  const found = named.get(name);
  if (found !== undefined) return found;
  const names = Array.from(named.keys());
  throw new BpfError(
    "not-found",
    `the object has no ${kind} "${name}"`,
    names.length === 0 ? {} : { hint: `it has ${names.map((known) => `"${known}"`).join(", ")}` },
  );
}

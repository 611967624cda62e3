import { UsageError } from "../cli/cli-error.ts";

/**
 * The names that a repeatable option was given, with commas or several times; undefined where it wasn't.
 *
 * @param what each of them stands for: `a system call`
 * @throws UsageError with `hint` for a text that no such name can be
 */
export function parseNames(values: readonly string[], what: string, hint: string): readonly string[] | undefined {
  if (values.length === 0) return undefined;
  const names = values.join(",").split(",");
  for (const name of names) {
    if (!/^[\w.-]+$/.test(name)) throw new UsageError(`"${name}" is not the name of ${what}`, hint);
  }
  return [...new Set(names)];
}

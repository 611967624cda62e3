/** How much each count grew; all of it where nothing was counted before. */
export function difference<Name extends string>(
  now: Readonly<Record<Name, number>>,
  before: Readonly<Record<Name, number>> | undefined,
): Record<Name, number> {
  const names = Object.keys(now) as Name[];
  return Object.fromEntries(names.map((name) => [name, now[name] - (before?.[name] ?? 0)])) as Record<Name, number>;
}

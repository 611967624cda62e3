/**
 * A name in about `characters` characters, where the whole does not fit: without parameters, then without template
 * arguments, then without the qualifiers in front, since `Scavenger::Process` says more than `v8::internal::Sca…`.
 */
export function shortName(name: string, characters: number): string {
  if (name.length <= characters) return name;
  const parts = qualifiedParts(name);
  const withoutParameters = parts.join("::");
  if (withoutParameters.length <= characters) return withoutParameters;
  const plainParts = parts.map(withoutTemplateArguments);
  let short = plainParts.join("::");
  for (let first = 1; short.length > characters && first < plainParts.length; first++) {
    short = plainParts.slice(first).join("::");
  }
  return short;
}

/** `Map<int, List<int> >` -> `Map<…>`; what starts with a bracket, as in Rust, has nothing else to be known by. */
function withoutTemplateArguments(part: string): string {
  const start = part.indexOf("<");
  const end = part.lastIndexOf(">");
  if (start <= 0 || end < start || part.startsWith("operator")) return part;
  return `${part.slice(0, start)}<…${part.slice(end)}`;
}

/** `void a::B<c::D>::run(int)` -> `void a`, `B<c::D>`, `run`: split at the `::` that no bracket encloses. */
function qualifiedParts(name: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < name.length; index++) {
    const character = name[index] ?? "";
    if ("<({[".includes(character)) {
      const isParameters =
        character === "(" && depth === 0 && index > start && !name.includes("::", closing(name, index));
      if (isParameters) return [...parts, name.slice(start, index)];
      depth++;
    } else if (">)}]".includes(character) && name[index - 1] !== "-") {
      depth--;
    } else if (depth === 0 && name.startsWith("::", index)) {
      parts.push(name.slice(start, index));
      start = index + 2;
    }
  }
  return [...parts, name.slice(start)];
}

/** The index of the parenthesis that closes the one at `open`. */
function closing(name: string, open: number): number {
  let depth = 0;
  for (let index = open; index < name.length; index++) {
    if (name[index] === "(") depth++;
    else if (name[index] === ")" && --depth === 0) return index;
  }
  return name.length;
}

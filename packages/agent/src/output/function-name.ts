import { cutMiddle, displayWidth } from "./text.ts";

const ELLIPSIS = "…";

/**
 * A function's name in at most `columns` columns.
 *
 * What tells functions apart goes last: first the directory of a script or the parameters, `(…)`, then template
 * arguments, `<…>`, and only then the middle is cut, with more of the end kept, where the function's own name stands.
 */
export function shortenFunctionName(name: string, columns: number): string {
  if (displayWidth(name) <= columns) return name;
  const withoutParameters = elideParameters(elideScriptDirectory(name));
  if (displayWidth(withoutParameters) <= columns) return withoutParameters;
  return cutMiddle(elideTemplateArguments(withoutParameters), columns, 0.35);
}

/** `JS:*parse /srv/app/lib/parse.js:112:17` -> `JS:*parse …/parse.js:112:17`, as V8 names its functions. */
function elideScriptDirectory(name: string): string {
  return name.replace(/ \S*(\/[^/\s]+:\d+:\d+)$/, ` ${ELLIPSIS}$1`);
}

/** `a::f(int, char) const` -> `a::f(…) const`; `(anonymous namespace)::g` stays as it is. */
function elideParameters(name: string): string {
  const end = name.lastIndexOf(")");
  // A path, such as in `(anonymous namespace)::g`, goes on after its parenthesis; parameters do not.
  if (end < 0 || name.includes("::", end)) return name;
  let depth = 0;
  for (let index = end; index >= 0; index--) {
    if (name[index] === ")") depth++;
    else if (name[index] === "(" && --depth === 0) {
      return index === 0 || end - index < 2 ? name : `${name.slice(0, index)}(${ELLIPSIS}${name.slice(end)}`;
    }
  }
  return name;
}

/** `std::vector<std::pair<int, T> >::at` -> `std::vector<…>::at`; a name whose brackets do not match stays. */
function elideTemplateArguments(name: string): string {
  let shortened = "";
  let depth = 0;
  for (let index = 0; index < name.length; index++) {
    const character = name[index] ?? "";
    const operator = /^operator(<=>|<<=?|>>=?|->\*?|<=?|>=?)/.exec(name.slice(index, index + 11))?.[0];
    if (operator !== undefined) {
      if (depth === 0) shortened += operator;
      index += operator.length - 1;
    } else if (character === "<") {
      if (depth++ === 0) shortened += `<${ELLIPSIS}`;
    } else if (character === ">" && name[index - 1] !== "-") {
      if (--depth === 0) shortened += ">";
      if (depth < 0) return name;
    } else if (depth === 0) {
      shortened += character;
    }
  }
  return depth === 0 ? shortened : name;
}

/** How far a JavaScript engine had come with a function when this code of it was made. */
export type JitTier = "interpreted" | "baseline" | "optimized";

/** What a JIT compiler's name for a piece of code tells. */
export interface JitName {
  readonly name: string;
  readonly file?: string;
  /** Counted from 1. */
  readonly line?: number;
  readonly tier?: JitTier;
}

/** The kinds of code that V8 names with a script; `Builtin:` and others have none and stay as they are. */
const tagAndMark = /^(JS|Function|LazyCompile|Script|Eval):([~^+*]?)'?/;
const position = /:(\d{1,9})(?::\d{1,9})?$/;
/** Where a script's name begins: function names may hold spaces (`get size`), and so may paths. */
const scriptStart = /(?:^| )(?=\/|file:\/\/|https?:\/\/|node:|\[)/;

const tiers: Readonly<Record<string, JitTier>> = {
  "~": "interpreted",
  "^": "baseline",
  "+": "optimized", // Maglev
  "*": "optimized", // Turbofan
};

/**
 * Takes a JIT compiler's name apart where it is V8's, and leaves those of other compilers as they are.
 *
 * V8 writes (`src/logging/log.cc`) `JS:*render file:///app/page.js:12:7`: kind, a mark for the tier (followed by `'` when
 * the code is specialised to its context), function, script, line and column. Functions without a name have none.
 */
export function parseJitName(text: string): JitName {
  const prefix = tagAndMark.exec(text);
  if (prefix === null) return { name: text };
  const [matched, tag = "", mark = ""] = prefix;
  const rest = text.slice(matched.length);
  const line = position.exec(rest);
  const nameAndScript = line === null ? rest : rest.slice(0, line.index);
  const script = scriptStart.exec(nameAndScript);
  const split = script === null ? nameAndScript.lastIndexOf(" ") : script.index;
  const name = split < 0 ? nameAndScript : nameAndScript.slice(0, split);
  const file = split < 0 ? "" : nameAndScript.slice(split).trimStart();
  const tier = tiers[mark];
  return {
    name: name === "" ? placeholder(tag) : name,
    ...(file === "" ? {} : { file: file.startsWith("file://") ? file.slice("file://".length) : file }),
    ...(line === null ? {} : { line: Number(line[1]) }),
    ...(tier === undefined ? {} : { tier }),
  };
}

function placeholder(tag: string): string {
  if (tag === "Script") return "(script)";
  return tag === "Eval" ? "(eval)" : "(anonymous)";
}

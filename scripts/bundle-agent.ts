import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type OutputOptions, type Plugin, rolldown } from "rolldown";
import { fromRoot } from "./repository.ts";

const main = fromRoot("packages/agent/dist/main.js");
/** For bin/skep.mjs, before it starts the agent with flags: one file, as that is to take no longer than it must. */
const limitPrivileges = fromRoot("packages/agent/dist/service/limit-privileges.js");
const output = fromRoot("packages/agent/dist/bundle");

/**
 * Puts the compiled modules that `skep` is made of, those of the other packages included, into a few files: 160 small
 * ones take three times as long to load, and 5 MB more. Imports that wait for a command (`await import`) stay apart, in
 * files of their own. Names stay as they are, so that a stack trace can be read. koffi, being native, is loaded by
 * `require`, and so stays outside.
 */
export async function bundleAgent(): Promise<void> {
  await bundle(main, { cleanDir: true });
  await bundle(limitPrivileges, { codeSplitting: false });
}

async function bundle(input: string, options: OutputOptions): Promise<void> {
  await using build = await rolldown({ input, platform: "node", plugins: [ownLocations, builtins, asciiOnly] });
  await build.write({
    dir: output,
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    comments: false,
    ...options,
  });
}

/**
 * A module finds what lies beside it (its kernel half, the page, koffi of its own package) by `import.meta.url`, which in
 * a bundle is that of the bundle. So it is replaced by where the module itself lies: below its package, wherever that is
 * installed.
 */
const ownLocations: Plugin = {
  name: "own-locations",
  transform(code, module) {
    const folder = packageFolderOf(module);
    // Of what is not part of this repository, nothing is known.
    if (folder === undefined || !code.includes("import.meta.url")) return null;
    const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const path = JSON.stringify(relative(folder, module));
    const manifest = JSON.stringify(`${name}/package.json`);
    return { code: code.replaceAll("import.meta.url", `new URL(${path}, import.meta.resolve(${manifest})).href`) };
  },
};

function packageFolderOf(module: string): string | undefined {
  const [folder] = relative(fromRoot("packages"), module).split("/");
  return folder === undefined || folder === ".." ? undefined : fromRoot(join("packages", folder));
}

/**
 * Gets Node.js's own modules without `import`, which asks for all that they export, and so loads what they would load only
 * for who wants it (`util.diff`, say): 20 ms of the start.
 */
const builtins: Plugin = {
  name: "builtins",
  generateBundle(_, bundle) {
    const withoutImport = (_line: string, names: string, module: string): string =>
      `const { ${names.replaceAll(" as ", ": ")} } = process.getBuiltinModule("${module}");`;
    for (const file of Object.values(bundle)) {
      if (file.type !== "chunk") continue;
      file.code = file.code.replaceAll(/^import \{ ([^{}]+) \} from "(node:[\w/]+)";$/gm, withoutImport);
    }
  },
};

/** V8 keeps a source in two bytes for each character as soon as one of them is none of Latin-1's. */
const asciiOnly: Plugin = {
  name: "ascii-only",
  generateBundle(_, bundle) {
    // Names are English and comments are gone: what is left is in texts and regular expressions, where it can be escaped.
    const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
    for (const file of Object.values(bundle)) {
      if (file.type === "chunk") file.code = file.code.replaceAll(/[^\0-\x7f]/g, escaped);
    }
  },
};

import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fromRoot, sourceFiles } from "../../scripts/repository.ts";
import { importedPackage, importsOf } from "./imports.ts";

interface PackageJson {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, string | ExportTarget>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface ExportTarget {
  readonly "skep-source": string;
  readonly types: string;
  readonly default: string;
}

for (const folder of globSync("packages/*", { cwd: fromRoot(".") }).sort()) {
  const manifest: PackageJson = JSON.parse(readFileSync(fromRoot(`${folder}/package.json`), "utf8"));

  test(`${manifest.name} exports source files that exist, and the files that they are compiled to`, () => {
    for (const [subpath, target] of Object.entries(manifest.exports ?? {})) {
      if (typeof target === "string") continue;
      const source = target["skep-source"];
      assert.ok(existsSync(fromRoot(`${folder}/${source}`)), `${subpath}: ${source} does not exist`);
      const compiled = source.replace("./src/", "./dist/").replace(/\.ts$/, "");
      assert.deepEqual(
        { types: target.types, default: target.default },
        { types: `${compiled}.d.ts`, default: `${compiled}.js` },
      );
    }
  });

  // The page is not installed: everything that it needs is bundled into it.
  if (manifest.private) continue;
  test(`${manifest.name} declares the packages that it imports`, () => {
    const shipped = sourceFiles(`${folder}/src/**/*.ts`).filter((file) => !/\.test\.ts$|\/testing\//.test(file));
    const imported = new Set(shipped.flatMap(importsOf).flatMap((entry) => importedPackage(entry) ?? []));
    const { name, dependencies, peerDependencies } = manifest;
    const declared = [name, ...Object.keys({ ...dependencies, ...peerDependencies })];
    assert.deepEqual(
      Array.from(imported).filter((name) => !declared.includes(name)),
      [],
    );
  });
}

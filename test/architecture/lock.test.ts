import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromRoot } from "../../scripts/repository.ts";

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

const text = readFileSync(fromRoot("package-lock.json"), "utf8");
const { packages }: Lock = JSON.parse(text);

// npm drops the packages of other platforms when it updates a lock beside an installed node_modules, or when the registry
// does not have them; "npm ci" then refuses that lock on every machine.
test("the lock holds the optional packages of every platform", () => {
  const optional = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  assert.deepEqual(
    optional.filter((name) => packages[`node_modules/${name}`] === undefined),
    [],
  );
});

test("the lock leaves the registry to npm's configuration", () => {
  assert.doesNotMatch(text, /"resolved": "https?:/);
});

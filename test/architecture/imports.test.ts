import assert from "node:assert/strict";
import { test } from "node:test";
import { sourceFiles } from "../../scripts/repository.ts";
import { type Import, importedFile, importedPackage, importsIn, importsOf } from "./imports.ts";

/** What each package may use of the others: imports point one way only. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  ebpf: [],
  otlp: [],
  symbols: ["@skep/ebpf"],
  tracers: ["@skep/ebpf", "@skep/symbols"],
  agent: ["@skep/ebpf", "@skep/symbols", "@skep/tracers", "@skep/otlp"],
  // Types alone, see below.
  ui: ["skep"],
};

const imports = sourceFiles("packages/*/src/**/*.ts")
  .filter((file) => !isTest(file))
  .flatMap(importsOf);

test("the imports of a file are found in all their forms", () => {
  const source = `
import { readFileSync } from "node:fs";
import type { Btf } from "../btf/btf.ts";
import "./side-effect.ts";
import {
  first,
  type Second,
} from "@skep/ebpf/elf";
export * from "./all.ts";
export type { Only } from "./types.ts";
const lazy = await import("koffi");
export const text: string = "no import";
`;
  assert.deepEqual(importsIn(source), [
    { specifier: "node:fs", typeOnly: false },
    { specifier: "../btf/btf.ts", typeOnly: true },
    { specifier: "./side-effect.ts", typeOnly: false },
    { specifier: "@skep/ebpf/elf", typeOnly: false },
    { specifier: "./all.ts", typeOnly: false },
    { specifier: "./types.ts", typeOnly: true },
    { specifier: "koffi", typeOnly: false },
  ]);
});

for (const [name, allowed] of Object.entries(mayImport)) {
  test(`${name} imports ${allowed.join(", ") || "no other package of ours"}`, () => {
    const others = importsFrom(`packages/${name}/src/`).filter((entry) =>
      /^(@skep\/|skep$)/.test(importedPackage(entry) ?? ""),
    );
    assert.deepEqual(
      others.filter((entry) => !allowed.includes(importedPackage(entry) ?? "")),
      [],
    );
  });

  test(`${name} reaches other packages by their names, not by paths`, () => {
    const folder = `packages/${name}/`;
    assert.deepEqual(
      importsFrom(`${folder}src/`).filter((entry) => importedFile(entry)?.startsWith(folder) === false),
      [],
    );
  });
}

test("the page takes nothing but types from the agent", () => {
  const ofOurs = importsFrom("packages/ui/src/").filter((entry) => importedPackage(entry) === "skep");
  assert.deepEqual(
    ofOurs.filter(({ typeOnly }) => !typeOnly),
    [],
  );
});

test("of the OpenTelemetry SDK nothing but types is taken: it is the program's own", () => {
  const ofTheirs = imports.filter((entry) => importedPackage(entry)?.startsWith("@opentelemetry/"));
  assert.ok(ofTheirs.length > 0);
  assert.deepEqual(
    ofTheirs.filter(({ typeOnly }) => !typeOnly),
    [],
  );
});

test("the ELF and BTF parsers do no input or output", () => {
  const parsers = [...importsFrom("packages/ebpf/src/elf/"), ...importsFrom("packages/ebpf/src/btf/")];
  const impure = parsers.filter(({ specifier }) => specifier.startsWith("node:"));
  assert.deepEqual(
    impure.filter(({ file }) => file !== "packages/ebpf/src/elf/file-source.ts"),
    [],
  );
  const outside = parsers.filter((entry) => {
    const file = importedFile(entry);
    return file !== undefined && !/^packages\/ebpf\/src\/((elf|btf)\/|errors\.ts$)/.test(file);
  });
  assert.deepEqual(outside, []);
});

test("the eBPF library calls the kernel in src/sys alone", () => {
  const foreign = importsFrom("packages/ebpf/src/").filter((entry) => importedPackage(entry) === "koffi");
  assert.deepEqual(
    foreign.filter(({ file }) => !file.startsWith("packages/ebpf/src/sys/")),
    [],
  );
});

test("the encoders use Node.js and nothing else", () => {
  assert.deepEqual(
    importsFrom("packages/otlp/src/").filter((entry) => importedPackage(entry) !== undefined),
    [],
  );
});

function importsFrom(folder: string): Import[] {
  return imports.filter(({ file }) => file.startsWith(folder));
}

function isTest(file: string): boolean {
  return file.endsWith(".test.ts") || file.includes("/testing/");
}

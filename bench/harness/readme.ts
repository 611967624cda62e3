import { readFileSync, writeFileSync } from "node:fs";
import { fromRoot } from "../../scripts/repository.ts";

const readme = "bench/README.md";

/** Replaces what stands between the markers of a bench in bench/README.md. */
export function writeSection(name: string, text: string): void {
  const before = readFileSync(fromRoot(readme), "utf8");
  writeFileSync(fromRoot(readme), replaceSection(before, name, text));
}

/** @throws where the markers `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` are not there, once each and in order. */
export function replaceSection(document: string, name: string, text: string): string {
  const [open, close] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const parts = document.split(open);
  const [before = "", after = ""] = parts;
  const end = after.indexOf(close);
  if (parts.length !== 2 || end < 0) throw new Error(`${readme} needs ${open} and ${close}, once each`);
  return `${before}${open}\n\n${text.trimEnd()}\n\n${after.slice(end)}`;
}

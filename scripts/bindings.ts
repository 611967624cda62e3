import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { generateModule } from "../packages/ebpf/src/codegen/generate.ts";
import { parseObject } from "../packages/ebpf/src/loader/object.ts";
import { fromRoot, repositoryRoot, sourceFiles } from "./repository.ts";

/** Every generated module that is committed, relative to the root. */
export function generatedModules(): string[] {
  return sourceFiles("{packages,examples,bench}/**/*.bpf.ts").filter((file) => existsSync(fromRoot(objectOf(file))));
}

/** Text of a generated module, as its object gives it now: by the options in its own first line, and formatted. */
export function regenerate(file: string): string {
  const [heading = ""] = readFileSync(fromRoot(file), "utf8").split("\n", 1);
  const records = Object.fromEntries(
    Array.from(heading.matchAll(/--records (\w+)=(\w+)/g), ([, map, struct]) => [map, struct]),
  );
  const object = objectOf(file);
  const spec = parseObject(readFileSync(fromRoot(object)));
  const text = generateModule(spec, { objectFileName: basename(object), records });
  return execFileSync("biome", ["format", `--stdin-file-path=${file}`], {
    cwd: repositoryRoot,
    input: text,
    encoding: "utf8",
  });
}

function objectOf(file: string): string {
  return file.replace(/\.ts$/, ".o");
}

/** `skep-ebpf generate OBJECT.bpf.o [--records MAP=STRUCT]...`: writes OBJECT.bpf.ts beside the object. */

import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { BpfError } from "../errors.ts";
import { parseObject } from "../loader/object.ts";
import { generateModule } from "./generate.ts";

const HELP = `Usage: skep-ebpf generate OBJECT.bpf.o [--records MAP=STRUCT]...

Writes OBJECT.bpf.ts beside the object: a load() that knows its maps, programs and global variables.

  --records MAP=STRUCT   the records of ring buffer MAP are of type STRUCT

Example:
  skep-ebpf generate src/count.bpf.o --records execs=exec
`;

/** What a person can do something about; all else is a fault of ours. */
class UsageError extends Error {}

/** Answers the exit code. */
export function main(args: readonly string[]): number {
  try {
    return run(args);
  } catch (error) {
    if (error instanceof BpfError || error instanceof UsageError) {
      process.stderr.write(`skep-ebpf: ${error.message}\n`);
      if (error instanceof BpfError && error.hint !== undefined) process.stderr.write(`           ${error.hint}\n`);
      return 1;
    }
    throw error;
  }
}

function run(args: readonly string[]): number {
  const { positionals, records, help } = parse(args);
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [command, object, ...rest] = positionals;
  if (command !== "generate" || object === undefined || rest.length > 0) {
    process.stderr.write(HELP);
    return 1;
  }
  if (!object.endsWith(".bpf.o")) throw new UsageError(`${object} does not end in .bpf.o`);
  const module = object.replace(/\.o$/, ".ts");
  const source = generateModule(parseObject(read(object)), { objectFileName: basename(object), records });
  writeFileSync(module, source);
  process.stdout.write(`Wrote ${module}\n`);
  return 0;
}

function parse(args: readonly string[]): { positionals: string[]; records: Record<string, string>; help: boolean } {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { records: { type: "string", multiple: true }, help: { type: "boolean", short: "h" } },
    });
    const records = Object.fromEntries(
      (values.records ?? []).map((record) => {
        const [map, struct] = record.split("=");
        if (map === undefined || struct === undefined)
          throw new UsageError(`--records takes MAP=STRUCT, not ${record}`);
        return [map, struct];
      }),
    );
    return { positionals, records, help: values.help ?? false };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
}

function read(object: string): Uint8Array {
  try {
    return readFileSync(object);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

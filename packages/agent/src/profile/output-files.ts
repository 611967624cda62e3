import { resolve } from "node:path";
import { UsageError } from "../cli/cli-error.ts";
import { type OutputFormat, outputFormat } from "../output/format.ts";
import type { ProfileReport } from "../output/report.ts";
import { OutputFile } from "./output-file.ts";

/** An output as the command line names it: the file, and the format that its name stands for. */
export interface OutputRequest {
  readonly path: string;
  readonly format: OutputFormat;
}

/** @throws UsageError for a name without a known extension, or one that is given twice. */
export function parseOutputPaths(paths: readonly string[]): OutputRequest[] {
  const seen = new Set<string>();
  return paths.map((path) => {
    if (seen.has(resolve(path))) throw new UsageError(`${path} is given twice`, "each -o names a file of its own");
    seen.add(resolve(path));
    return { path, format: outputFormat(path) };
  });
}

/** All files that a run is to write, open from before its start. */
export class OutputFiles implements Disposable {
  readonly #outputs: { readonly file: OutputFile; readonly format: OutputFormat }[] = [];

  /** @throws CliError for the first one that cannot be written; none is left behind then. */
  static open(requests: readonly OutputRequest[]): OutputFiles {
    const files = new OutputFiles();
    try {
      for (const { path, format } of requests) files.#outputs.push({ file: OutputFile.open(path), format });
    } catch (error) {
      files[Symbol.dispose]();
      throw error;
    }
    return files;
  }

  /** Writes each, and says so with `onWritten`. */
  write(report: ProfileReport, onWritten: (path: string) => void): void {
    for (const { file, format } of this.#outputs) {
      file.write(format.encode(report));
      onWritten(file.path);
    }
  }

  [Symbol.dispose](): void {
    for (const { file } of this.#outputs) file[Symbol.dispose]();
  }
}

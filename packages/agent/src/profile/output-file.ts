import { closeSync, constants, fstatSync, ftruncateSync, openSync, statSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { CliError } from "../cli/cli-error.ts";
import { describeErrno, errnoName } from "../cli/errno.ts";

/**
 * A file for a result that is yet to come.
 *
 * Opened before the run, so that a missing directory or a lack of permission shows at once and not after an hour;
 * emptied only when there is something to write, so that a run that fails costs nobody the previous result.
 */
export class OutputFile implements Disposable {
  readonly path: string;
  readonly #fd: number;
  /** It wasn't there before, and nothing was written into it yet. */
  #isOurEmptyFile: boolean;
  #isOpen = true;

  private constructor(path: string, fd: number, isNew: boolean) {
    this.path = path;
    this.#fd = fd;
    this.#isOurEmptyFile = isNew;
  }

  /** @throws CliError that says why `path` cannot be written. */
  static open(path: string): OutputFile {
    const { O_WRONLY, O_CREAT, O_EXCL } = constants;
    try {
      const isNew = statSync(path, { throwIfNoEntry: false }) === undefined;
      const fd = openSync(path, isNew ? O_WRONLY | O_CREAT | O_EXCL : O_WRONLY);
      return new OutputFile(path, fd, isNew);
    } catch (cause) {
      throw new CliError(`cannot write ${path}: ${describeErrno(cause)}`, { hints: [whatToDo(cause, path)], cause });
    }
  }

  /** Replaces the file's contents. */
  write(contents: Uint8Array): void {
    this.#isOurEmptyFile = false;
    try {
      // A device or pipe has no length to cut; its writes are appended anyway.
      if (fstatSync(this.#fd).isFile()) ftruncateSync(this.#fd, 0);
      for (let written = 0; written < contents.length; ) written += writeSync(this.#fd, contents, written);
    } catch (cause) {
      throw new CliError(`cannot write ${this.path}: ${describeErrno(cause)}`, { cause });
    }
  }

  /** Closes it; a file that only exists because of us and never got its contents goes away again. */
  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#fd);
    if (this.#isOurEmptyFile) unlinkSync(this.path);
  }
}

function whatToDo(cause: unknown, path: string): string {
  switch (errnoName(cause)) {
    case "ENOENT":
      return `make the directory first: mkdir -p ${dirname(path)}`;
    case "EISDIR":
      return `name a file in it: -o ${path.replace(/\/+$/, "")}/profile.pb.gz`;
    default:
      return "name another file with -o";
  }
}

import { readlinkSync } from "node:fs";
import { basename } from "node:path";

/** What Node.js calls its first thread, from version 22 on: the name says nothing of the program. */
const NAME_OF_NO_PROGRAM = "MainThread";

const MOST_NAMES = 4096;

interface NamedProcess {
  readonly pid: number;
  readonly name: string;
  readonly executablePath?: string;
}

/** Names of programs, of processes whose first thread has a name that tells nothing. */
export class ProgramNames {
  readonly #names = new Map<number, string>();

  /** The same process, by its program's name where its own tells nothing. */
  named<Process extends NamedProcess>(process: Process): Process {
    const name = this.of(process.pid, process.name, process.executablePath);
    return name === process.name ? process : { ...process, name };
  }

  /** @param name of the first thread */
  of(pid: number, name: string, executablePath?: string): string {
    if (name !== NAME_OF_NO_PROGRAM) return name;
    if (executablePath !== undefined) return basename(executablePath);
    let program = this.#names.get(pid);
    if (program === undefined) {
      program = executableName(pid) ?? name;
      if (this.#names.size >= MOST_NAMES) this.#names.clear();
      this.#names.set(pid, program);
    }
    return program;
  }
}

function executableName(pid: number): string | undefined {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    // It is gone, or another user's.
    return undefined;
  }
}

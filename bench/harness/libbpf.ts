import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromRoot } from "../../scripts/repository.ts";
import { Contestant } from "./contestant.ts";

export const libbpfIsMissing =
  "Left out: libbpf, since bench/contestants/libbpf.c does not compile here. It needs these packages of Debian: gcc libbpf-dev libelf-dev.";

/** The peer, compiled against this machine's libbpf into a folder that goes when it is disposed of. */
export class Libbpf implements Disposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined where it does not compile. */
  static compile(): Libbpf | undefined {
    const folder = mkdtempSync(join(tmpdir(), "skep-bench-"));
    const libraries = ["-Wl,--wrap=syscall", "-l:libbpf.a", "-lelf", "-lz"];
    const source = fromRoot("bench/contestants/libbpf.c");
    try {
      execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-o", join(folder, "libbpf"), source, ...libraries]);
      return new Libbpf(folder);
    } catch {
      // The compiler has said on stderr what it misses; the report says which packages have it.
      rmSync(folder, { recursive: true });
      return undefined;
    }
  }

  contestant(args: readonly string[]): Contestant {
    return new Contestant(join(this.#folder, "libbpf"), args);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

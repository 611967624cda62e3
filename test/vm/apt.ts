import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A Debian suite, with package lists of its own: the machine's apt configuration gives the mirrors and stays as it is.
 * apt checks the signatures against Debian's keyring.
 */
export class DebianSuite {
  readonly #aptOptions: readonly string[];

  private constructor(aptOptions: readonly string[]) {
    this.#aptOptions = aptOptions;
  }

  /** Fetches the suite's package lists into `folder`. Throws when no mirror of this machine has the suite. */
  static fetch(suite: string, folder: string): DebianSuite {
    const mirrors = debianMirrors();
    if (mirrors.length === 0) throw new Error("no Debian mirror in this machine's apt configuration");
    const failures = [];
    for (const mirror of mirrors) {
      const aptOptions = privateApt(folder, `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`);
      try {
        execute("apt-get", [...aptOptions, "update", "--quiet=2", "--error-on=any"]);
        return new DebianSuite(aptOptions);
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
      }
    }
    throw new Error(failures.join("; "));
  }

  /** Names of packages that match a regular expression. */
  search(pattern: string): string[] {
    const found = execute("apt-cache", [...this.#aptOptions, "search", "--names-only", pattern]);
    return Array.from(found.matchAll(/^\S+/gm), ([name]) => name);
  }

  /** Downloads a package and unpacks its files, without installing it. */
  unpack(packageName: string, folder: string): void {
    execute("apt-get", [...this.#aptOptions, "download", "--quiet=2", packageName], folder);
    const archives = globSync(join(folder, `${packageName}_*.deb`));
    for (const archive of archives) execute("dpkg-deb", ["--extract", archive, folder]);
  }
}

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Mirrors that this machine's own Debian release comes from, in the order of its configuration. */
function debianMirrors(): string[] {
  const codename = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const mainReleases = new Set([codename, "oldoldstable", "oldstable", "stable", "testing", "unstable"]);
  // apt reads its sources, whichever of their formats they are in; without release info, also before its first update.
  const format = ["indextargets", "--no-release-info", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"];
  const targets = Array.from(execute("apt-get", format).matchAll(/^(\S+) (\S+)$/gm));
  const mirrors = targets.filter(([, release]) => mainReleases.has(release)).map(([, , mirror]) => mirror ?? "");
  return [...new Set(mirrors)];
}

function privateApt(folder: string, sources: string): string[] {
  const sourceList = join(folder, "sources.list");
  mkdirSync(join(folder, "lists", "partial"), { recursive: true });
  mkdirSync(join(folder, "archives", "partial"), { recursive: true });
  writeFileSync(sourceList, sources);
  const options = {
    "Dir::Etc::SourceList": sourceList,
    "Dir::Etc::SourceParts": "-",
    "Dir::State::Lists": join(folder, "lists"),
    "Dir::Cache": folder,
    "Dir::State::status": "/dev/null",
    // apt's download user cannot read a folder in somebody's home.
    "APT::Sandbox::User": "",
  };
  return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

function execute(command: string, args: readonly string[], cwd?: string): string {
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 28 });
}

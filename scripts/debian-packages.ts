import { spawnSync } from "node:child_process";
import { runCommand, say } from "./command.ts";

/** Debian packages that parts of the tests need. */
export const testPackages = {
  /** Tools whose results ours are compared with, and the compilers of kernel halves and of the programs measured. */
  peers: [
    "binutils",
    "bpftool",
    "bpftrace",
    "chromium",
    "clang-19",
    "curl",
    "g++",
    "gcc",
    "iproute2",
    "libbpf-dev",
    "libelf-dev",
    "linux-perf",
    "llvm-19",
    "lz4",
    "nghttp2-client",
    "nghttp2-proxy",
    "openssl",
    "python3",
    "python3-prometheus-client",
    "strace",
    "systemd",
    "tcpdump",
    "util-linux",
    "wget",
    "xz-utils",
  ],
  /** Guests, and what unpacks their kernels. */
  guests: ["busybox-static", "cpio", "lz4", "qemu-system-x86", "xz-utils"],
} as const;

/** Installs those of the packages that are missing. Resolves with the ones that are missing still. */
export async function installPackages(names: readonly string[]): Promise<string[]> {
  const missing = missingPackages(names);
  if (missing.length === 0 || process.getuid?.() !== 0) return missing;
  say(`Installing ${missing.join(", ")} with apt-get ...`);
  const quiet = { quiet: true, env: { DEBIAN_FRONTEND: "noninteractive" } };
  await runCommand("apt-get", ["update", "--quiet=2"], quiet);
  await runCommand("apt-get", ["install", "--quiet=2", "--yes", "--no-install-recommends", ...missing], quiet);
  return missingPackages(names);
}

function missingPackages(names: readonly string[]): string[] {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const format = "--showformat=${Package} ${db:Status-Status}\n";
  const query = spawnSync("dpkg-query", ["--show", format, ...names], { encoding: "utf8" });
  const lines = query.error === undefined ? query.stdout.split("\n") : [];
  return names.filter((name) => !lines.includes(`${name} installed`));
}

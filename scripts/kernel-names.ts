import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DebianSuite } from "../test/vm/apt.ts";
import { kernels } from "../test/vm/kernels.ts";

/** The module that is written, relative to the root. */
export const namesModule = "packages/tracers/src/syscalls/kernel-names.generated.ts";

/** Numbers that the kernel's headers define, by table: those of system calls, and those of errors. */
export interface KernelNames {
  /** Version of Debian's linux-libc-dev. */
  readonly version: string;
  readonly tables: Readonly<Record<KernelTable, ReadonlyMap<number, string>>>;
}

export type KernelTable = "x64" | "x64Compat" | "arm64" | "arm64Compat" | "errors";

/** Headers of each table in Debian's linux-libc-dev, which since 6.12 holds those of all architectures. */
const headers: Readonly<Record<KernelTable, readonly string[]>> = {
  x64: ["lib/linux/uapi/x86/asm/unistd_64.h", "lib/linux/uapi/x86/asm/unistd_x32.h"],
  x64Compat: ["lib/linux/uapi/x86/asm/unistd_32.h"],
  arm64: ["lib/linux/uapi/arm64/asm/unistd_64.h"],
  arm64Compat: ["lib/linux/uapi/arm/asm/unistd-eabi.h"],
  errors: ["include/asm-generic/errno-base.h", "include/asm-generic/errno.h"],
};

/** Reads the names of the newest kernel of the matrix. Throws when the machine's Debian mirror doesn't have it. */
export function readKernelNames(): KernelNames {
  const folder = mkdtempSync(join(tmpdir(), "skep-headers-"));
  try {
    const suite = kernels.at(-1)?.suite ?? "unstable";
    DebianSuite.fetch(suite, folder).unpack("linux-libc-dev", folder);
    const version =
      readdirSync(folder)
        .find((file) => file.endsWith(".deb"))
        ?.split("_")[1] ?? "unknown";
    const table = (name: KernelTable): ReadonlyMap<number, string> =>
      new Map(headers[name].flatMap((header) => parseDefinitions(readFileSync(join(folder, "usr", header), "utf8"))));
    return {
      version,
      tables: {
        x64: table("x64"),
        x64Compat: table("x64Compat"),
        arm64: table("arm64"),
        arm64Compat: table("arm64Compat"),
        errors: table("errors"),
      },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Lines such as `#define __NR_read 0`, `#define __NR_read (__X32_SYSCALL_BIT + 0)` and `#define EPERM 1`. Second names
 * (`#define EWOULDBLOCK EAGAIN`) are no numbers, and left out.
 */
export function parseDefinitions(header: string): [number, string][] {
  const definition = /^#define\s+(?:__NR_(\w+)|(E[A-Z0-9]+))\s+\(?(?:__\w+ \+ )?(\d+)\)?(?:\s|$)/gm;
  return Array.from(header.matchAll(definition), ([, call, error, number]) => [Number(number), call ?? error ?? ""]);
}

/** Text of the module: of each table the names in order; a number where one is left out before the next name. */
export function renderModule({ version, tables }: KernelNames): string {
  return [
    `// Written by \`npm run build:names\` from the headers of Linux (Debian's linux-libc-dev ${version}): don't edit it.`,
    "",
    "/**",
    " * Names in the order of their numbers, which start at 0; a number among them is that of the name after it. `x64Compat`",
    " * and `arm64Compat` are the calls of 32-bit programs; those of x64 from 512 on belong to the x32 ABI.",
    " */",
    "export const kernelNames = {",
    ...Object.entries(tables).map(([name, table]) => `  ${name}: \`\n${wrap(tokens(table))}\`,`),
    "} as const;",
    "",
  ].join("\n");
}

function tokens(table: ReadonlyMap<number, string>): string[] {
  let next = 0;
  return [...table]
    .sort(([a], [b]) => a - b)
    .flatMap(([number, name]) => {
      const jump = number === next ? [] : [String(number)];
      next = number + 1;
      return [...jump, name];
    });
}

function wrap(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > 120) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join("\n");
}

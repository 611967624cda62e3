import { copyFileSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { ElfFile } from "@skep/ebpf/elf";
import { DebianSuite } from "./apt.ts";
import { cachePath, fillFolder } from "./cache.ts";
import { extractVmlinux } from "./kernel-image.ts";

/** The kernels that the kernel tests run on: each one of a Debian release, the newest that the release has. */
export const kernels = [
  { name: "5.10", suite: "bullseye" },
  { name: "6.1", suite: "bookworm" },
  { name: "6.12", suite: "trixie" },
  { name: "7.2", suite: "forky" },
] as const;

export type KernelName = (typeof kernels)[number]["name"];

/** A kernel of the matrix on disk. */
export interface KernelFiles {
  /** Such as `6.1.0-44-cloud-amd64`. */
  readonly release: string;
  /** Compressed image, as a boot loader takes it. */
  readonly image: string;
  /** BTF of the kernel proper: what `/sys/kernel/btf/vmlinux` shows when it runs. */
  readonly btf: string;
}

/** File with the BTF of a kernel of the matrix. Rejects when the kernel can't be fetched. */
export async function kernelBtfFile(name: KernelName): Promise<string> {
  return (await kernelFiles(name)).btf;
}

/** Files of a kernel of the matrix, from the cache or else from the machine's Debian mirror. Rejects when it has none. */
export async function kernelFiles(name: KernelName): Promise<KernelFiles> {
  const folder = cachePath("kernels", name);
  if (!existsSync(folder)) await fillFolder(folder, (partial) => fetchKernel(suiteOf(name), partial));
  const [image] = globSync(join(folder, "vmlinuz-*"));
  if (image === undefined) throw new Error(`no kernel in ${folder}: remove it, and it is fetched again`);
  return { release: basename(image).slice("vmlinuz-".length), image, btf: join(folder, "vmlinux.btf") };
}

function suiteOf(name: KernelName): string {
  const kernel = kernels.find((entry) => entry.name === name);
  if (kernel === undefined) throw new Error(`the kernel matrix has no ${name}`);
  return kernel.suite;
}

function fetchKernel(suite: string, folder: string): void {
  const scratch = mkdtempSync(join(tmpdir(), "skep-kernel-"));
  try {
    const debian = DebianSuite.fetch(suite, scratch);
    debian.unpack(newestImagePackage(debian), scratch);
    // Up to 6.12 the image is in /boot; from 7.2 on it is beside the modules.
    const [image] = globSync(["boot/vmlinuz-*", "{lib,usr/lib}/modules/*/vmlinuz"], { cwd: scratch });
    if (image === undefined) throw new Error(`the kernel package of ${suite} holds no vmlinuz`);
    const release = image.startsWith("boot/") ? basename(image).slice("vmlinuz-".length) : basename(dirname(image));
    copyFileSync(join(scratch, image), join(folder, `vmlinuz-${release}`));
    writeFileSync(join(folder, "vmlinux.btf"), readBtf(readFileSync(join(scratch, image))));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** `linux-binary-*` holds the image from 7.2 on, and `linux-image-*` of the same version just depends on it. */
function newestImagePackage(debian: DebianSuite): string {
  const names = debian.search("^linux-(image|binary)-[0-9].*-cloud-amd64$");
  const { compare } = new Intl.Collator("en", { numeric: true });
  const versionOf = (name: string): string => name.replace(/^linux-(image|binary)-/, "");
  const newest = names.sort((a, b) => compare(versionOf(a), versionOf(b)) || compare(b, a)).at(-1);
  if (newest === undefined) throw new Error("the suite has no linux-image-*-cloud-amd64");
  return newest;
}

function readBtf(image: Buffer): Uint8Array {
  const vmlinux = ElfFile.parse(extractVmlinux(image));
  const section = vmlinux.section(".BTF");
  if (section === undefined) throw new Error("the kernel has no BTF");
  return vmlinux.sectionData(section);
}

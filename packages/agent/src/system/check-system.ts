import { isAtLeast } from "@skep/ebpf/features";
import { CliError } from "../cli/cli-error.ts";
import { missingWanted, SETCAP_LINE, wantedCapabilities } from "./capabilities.ts";
import { KERNEL_BTF_PATH, type KernelFacts, OLDEST_KERNEL, readKernelFacts } from "./kernel.ts";

/**
 * Refuses at once where nothing can work.
 *
 * @param work what is not possible here, as the subject of a sentence: `profiling`
 * @param lacking capabilities that this process does not have
 * @throws CliError
 */
export function checkSystem(
  work: string,
  kernel: KernelFacts = readKernelFacts(),
  lacking: ReadonlySet<string> = missingWanted(),
): void {
  if (!isAtLeast(kernel.version, OLDEST_KERNEL)) {
    throw new CliError(`${work} needs Linux ${OLDEST_KERNEL} or newer: this is ${kernel.release}`);
  }
  if (!kernel.hasBtf) {
    throw new CliError(`${work} needs the kernel's type information: ${KERNEL_BTF_PATH} is not there`, {
      hints: [
        "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y, as every major distribution's is since 2021;",
        "in a container, mount the host's /sys",
      ],
    });
  }
  const missing = wantedCapabilities.filter(({ name, required }) => required && lacking.has(name));
  if (missing.length > 0) {
    throw new CliError(
      `${work} is not permitted: ${missing.map(({ name }) => name).join(" and ")} ${missing.length > 1 ? "are" : "is"} missing`,
      {
        hints: ["run it as root (sudo), or grant them to Node.js:", SETCAP_LINE],
      },
    );
  }
}

import { isAtLeast } from "@skep/ebpf/features";
import { explainError } from "../cli/report-error.ts";
import { skepVersion } from "../cli/version.ts";
import { missingWanted, wantedCapabilities } from "../system/capabilities.ts";
import { checkSystem } from "../system/check-system.ts";
import { KERNEL_BTF_PATH, type KernelFacts, OLDEST_KERNEL, readKernelFacts } from "../system/kernel.ts";
import { checkKernelFeatures } from "./kernel-features.ts";
import { tryNetwork } from "./network-rungs.ts";
import { tryProfiler } from "./profiler-rungs.ts";
import type { Check, DoctorReport, Section } from "./report.ts";
import { checkSettings } from "./settings.ts";
import { checkSymbolSources } from "./symbol-sources.ts";
import { tryTracers } from "./tracer-rungs.ts";

/** Looks at everything, and tries what can only be known by trying. Nothing stays behind. */
export async function examine(): Promise<DoctorReport> {
  const kernel = readKernelFacts();
  const lacking = missingWanted();
  const sections: Section[] = [
    { title: "Kernel", checks: checkKernel(kernel) },
    { title: "Privileges of this process", checks: checkCapabilities(lacking) },
    { title: "Settings", checks: checkSettings() },
  ];
  const about = {
    skepVersion: skepVersion(),
    nodeVersion: process.versions.node,
    kernelRelease: kernel.release,
    architecture: kernel.architecture,
  };
  try {
    checkSystem("tracing", kernel, lacking);
  } catch (error) {
    const { message, hints } = explainError(error);
    return {
      ...about,
      works: false,
      verdict: `Skep does not work here: ${message}`,
      advice: hints,
      sections,
    };
  }
  const profiler = [...(await tryProfiler()), ...checkSymbolSources(lacking)];
  const tracers = await tryTracers();
  const { network, tlsFiles } = await tryNetwork();
  sections.push(
    { title: "Kernel features", checks: checkKernelFeatures() },
    { title: "CPU profiler", checks: profiler },
    { title: "System calls, processes, files", checks: tracers },
    { title: "Network", checks: network },
    ...(tlsFiles.length === 0 ? [] : [{ title: "TLS: what is encrypted is read in these files", checks: tlsFiles }]),
  );
  return { ...about, ...judge([...profiler, ...tracers, ...network]), sections };
}

/** The verdict on a machine that has at least what {@link checkSystem} asks for. */
export function judge(tracers: readonly Check[]): Pick<DoctorReport, "works" | "verdict" | "advice"> {
  const named = (status: Check["status"]) => tracers.filter((check) => check.status === status).map(({ name }) => name);
  const failing = named("no");
  if (failing.length > 0) {
    return {
      works: false,
      verdict: `Skep does not work here in full: see ${failing.join(", ")}`,
      advice: [],
    };
  }
  const limited = named("limited");
  const limits = limited.length === 0 ? "" : `, with limits: see ${limited.join(", ")}`;
  return { works: true, verdict: `Skep works here${limits}`, advice: [] };
}

function checkKernel({ release, version, hasBtf }: KernelFacts): Check[] {
  return [
    !isAtLeast(version, OLDEST_KERNEL)
      ? { name: "version", status: "no", detail: `${release}: older than ${OLDEST_KERNEL}` }
      : { name: "version", status: "yes", detail: release },
    hasBtf
      ? { name: "type information", status: "yes", detail: KERNEL_BTF_PATH }
      : {
          name: "type information",
          status: "no",
          detail: `${KERNEL_BTF_PATH} is not there: CONFIG_DEBUG_INFO_BTF is off`,
        },
  ];
}

function checkCapabilities(lacking: ReadonlySet<string>): Check[] {
  return wantedCapabilities.map(({ name, required, purpose }) => {
    if (!lacking.has(name)) return { name, status: "yes", detail: purpose };
    return { name, status: required ? "no" : "limited", detail: `missing: needed to ${purpose}` };
  });
}

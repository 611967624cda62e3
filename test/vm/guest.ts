import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestReport } from "../../scripts/test-runner.ts";

export interface GuestOptions {
  /** Kernel image and initramfs to boot. */
  readonly kernel: string;
  readonly initramfs: string;
  /** Receives the console's log and the report. */
  readonly folder: string;
  /** A guest that takes longer is ended. */
  readonly timeoutSeconds: number;
}

export interface GuestResult {
  /** Absent when the guest did not come to its end: a panic, a hang. */
  readonly report: TestReport | undefined;
  readonly consoleLog: string;
}

/**
 * Boots a kernel in QEMU, whose initramfs runs the tests and turns the machine off.
 *
 * The processor is emulated, not virtualised: slower than KVM, but the same on every machine, and where a /dev/kvm
 * inside of a virtual machine is there but does not work. It has one CPU: with two, Node.js
 * crashed in guests on QEMU 7.2 (V8 found its tables of code damaged) and a kernel hung, in about every other run of the
 * agent; with two by one thread, or with one, it was not seen. Why is not known; code that is patched while the other CPU
 * runs it is what we suspect. Two by one thread were slower than one.
 */
export async function runGuest(options: GuestOptions): Promise<GuestResult> {
  const consoleFile = join(options.folder, "console.log");
  const reportFile = join(options.folder, "report.json");
  const child = spawn(
    "qemu-system-x86_64",
    [
      // QEMU 7.2 leaves garbage in the flags after CMPXCHG16B, which the kernel's slab allocator then trips over. It
      // emulates REP MOVSB byte by byte, which kernels and libc take where it is said to be fast (ERMS, FSRM), and walks
      // page tables in software, five levels of them with LA57: a seventh of the time.
      ...["-accel", "tcg", "-cpu", "max,-cx16,-erms,-fsrm,-la57", "-smp", "1", "-m", "2048"],
      ...["-kernel", options.kernel, "-initrd", options.initramfs],
      ...["-append", "console=ttyS0 quiet mitigations=off panic=-1"],
      ...["-nodefaults", "-display", "none", "-no-reboot"],
      ...["-serial", `file:${consoleFile}`, "-serial", `file:${reportFile}`],
    ],
    { stdio: ["ignore", "inherit", "inherit"], timeout: options.timeoutSeconds * 1_000, killSignal: "SIGKILL" },
  );
  // A run that is interrupted takes its guests along.
  const kill = (): boolean => child.kill("SIGKILL");
  process.once("exit", kill);
  await once(child, "exit");
  process.off("exit", kill);

  const report = readFileSync(reportFile, "utf8");
  return {
    report: report === "" ? undefined : JSON.parse(report),
    consoleLog: readFileSync(consoleFile, "utf8").replaceAll("\r", ""),
  };
}

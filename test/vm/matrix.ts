import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { say } from "../../scripts/command.ts";
import type { TestReport } from "../../scripts/test-runner.ts";
import { allPassed } from "../../scripts/test-totals.ts";
import { runGuest } from "./guest.ts";
import { buildInitramfs } from "./initramfs.ts";
import { type KernelFiles, type KernelName, kernelFiles } from "./kernels.ts";

export interface MatrixResult {
  /** One for each guest that came to its end. */
  readonly reports: readonly TestReport[];
  /** Kernels on which a test failed, or that did not come to their end. */
  readonly failed: readonly KernelName[];
  /** Kernels that could not be fetched. */
  readonly leftOut: readonly KernelName[];
}

/** Guests have two processors each, and the smallest machine that we test on has two as well. */
const guestsAtATime = 2;
const guestTimeoutSeconds = 2_400;

/** Runs these test files on each kernel, and prints what each one came to. */
export async function runMatrix(names: readonly KernelName[], tests: readonly string[]): Promise<MatrixResult> {
  const reports: TestReport[] = [];
  const failed: KernelName[] = [];
  const leftOut: KernelName[] = [];
  const folder = mkdtempSync(join(tmpdir(), "skep-vm-"));
  // An interrupted run takes its guests and its files along.
  const clear = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", clear);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

  async function runOne(name: KernelName, initramfs: string): Promise<void> {
    const kernel = await kernelFiles(name).catch((error: unknown) => sayWhy(name, error));
    if (kernel === undefined) {
      leftOut.push(name);
      return;
    }
    say(`Linux ${kernel.release}: running the kernel tests ...`);
    const guestFolder = join(folder, name);
    mkdirSync(guestFolder);
    const startedMs = performance.now();
    const { report, consoleLog } = await runGuest({
      ...{ kernel: kernel.image, initramfs, folder: guestFolder, timeoutSeconds: guestTimeoutSeconds },
    });
    const durationSeconds = (performance.now() - startedMs) / 1_000;
    if (report !== undefined) reports.push(report);
    if (report === undefined || !allPassed(report.counts)) {
      failed.push(name);
      process.stdout.write(consoleLog);
    }
    printResult(kernel, report, durationSeconds);
  }

  try {
    const initramfs = await buildInitramfs(folder, tests);
    const waiting = [...names];
    const runWaiting = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await runOne(name, initramfs);
    };
    await Promise.all(Array.from({ length: guestsAtATime }, runWaiting));
  } finally {
    clear();
  }
  return { reports, failed, leftOut };
}

function sayWhy(name: KernelName, error: unknown): undefined {
  say(
    `skep: left out Linux ${name}, which cannot be fetched: ${error instanceof Error ? error.message : String(error)}`,
  );
}

function printResult(kernel: KernelFiles, report: TestReport | undefined, durationSeconds: number): void {
  const after = `after ${durationSeconds.toFixed(0)} s`;
  if (report === undefined) {
    say(`Linux ${kernel.release}: the guest did not come to its end ${after}; its console is above`);
    return;
  }
  const { passed, failed, cancelled, skipped } = report.counts;
  say(`Linux ${kernel.release}: ${passed} passed, ${failed + cancelled} failed, ${skipped} skipped ${after}`);
  // Once more: what is kept of a long log is its end, and other guests write to it in between.
  for (const name of report.failures) say(`  failed: ${name}`);
  for (const { name, reason } of report.skipped) say(`  skipped: ${name} (${reason})`);
}

import { ExitCode } from "../cli/exit-code.ts";
import { examine } from "./examine.ts";
import { renderReport } from "./render-report.ts";

/** Examines this machine and prints what was found. */
export async function runDoctor(json: boolean): Promise<number> {
  const report = await examine();
  const colours = process.stdout.isTTY && process.stdout.hasColors();
  process.stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : renderReport(report, colours));
  return report.works ? ExitCode.ok : ExitCode.failed;
}

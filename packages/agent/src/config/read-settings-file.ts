import { readFileSync } from "node:fs";
import { CliError } from "../cli/cli-error.ts";
import { describeErrno } from "../cli/errno.ts";
import { readSettings } from "./read-settings.ts";
import type { Settings } from "./settings.ts";

/** @throws CliError where the file cannot be read, or says something that is not allowed */
export function readSettingsFile(path: string): Settings {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new CliError(`cannot read ${path}: ${describeErrno(cause)}`, {
      hints: [`one to begin with: skep config print-default >${path}`],
      cause,
    });
  }
  return readSettings(text, path);
}

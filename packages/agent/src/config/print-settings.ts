import { stringify } from "yaml";
import { describeSettings, type KeyDescription } from "./describe-settings.ts";

const HEAD = `# Configuration of Skep: every key with its default. A key that is left out keeps it; what stands behind a # with a
# value has none and is an example. Check a file with "skep config check FILE".
`;

/** A `skep.yaml` that changes nothing, and explains every key. */
export function printDefaultSettings(): string {
  return `${HEAD}${describeSettings()
    .map((key) => printKey(key, ""))
    .join("")}`;
}

function printKey({ name, help, standard, example, keys }: KeyDescription, indent: string): string {
  const above = indent === "" ? "\n" : "";
  const comment = help === "" ? "" : `${indent}# ${help}\n`;
  if (keys !== undefined) {
    return `${above}${comment}${indent}${name}:\n${keys.map((key) => printKey(key, `${indent}  `)).join("")}`;
  }
  const mark = standard === undefined ? "# " : "";
  return `${above}${comment}${indent}${mark}${name}: ${printValue(standard ?? example)}\n`;
}

function printValue(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trimEnd();
}

import { encodePprof } from "@skep/otlp/pprof";
import { UsageError } from "../cli/cli-error.ts";
import { encodeFolded } from "./folded.ts";
import { encodeHtml } from "./html.ts";
import { encodeJson } from "./json.ts";
import type { ProfileReport } from "./report.ts";
import { encodeSpeedscope } from "./speedscope.ts";

export interface OutputFormat {
  /** How the file's name ends. */
  readonly extension: string;
  /** What it is, in a few words. */
  readonly description: string;
  readonly encode: (report: ProfileReport) => Uint8Array;
}

const textEncoder = new TextEncoder();

/** Every format a profile can be written in; the first whose extension fits wins. */
export const OUTPUT_FORMATS: readonly OutputFormat[] = [
  { extension: ".pb.gz", description: "pprof", encode: encodePprof },
  { extension: ".html", description: "flame graph", encode: (report) => textEncoder.encode(encodeHtml(report)) },
  { extension: ".folded", description: "folded stacks", encode: (report) => textEncoder.encode(encodeFolded(report)) },
  {
    extension: ".speedscope.json",
    description: "for speedscope.app",
    encode: (report) => textEncoder.encode(encodeSpeedscope(report)),
  },
  { extension: ".json", description: "the functions", encode: (report) => textEncoder.encode(encodeJson(report)) },
];

/**
 * The format that the file's name asks for.
 *
 * @throws UsageError that lists the formats, if the name ends in none of the extensions.
 */
export function outputFormat(path: string): OutputFormat {
  const format = OUTPUT_FORMATS.find(({ extension }) => path.endsWith(extension));
  if (format !== undefined) return format;
  throw new UsageError(
    `the name of ${path === "" ? '""' : path} does not say which format to write`,
    `it must end in one of ${OUTPUT_FORMATS.map(({ extension, description }) => `${extension} (${description})`).join(", ")}`,
  );
}

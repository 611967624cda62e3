/**
 * A program that exports spans, named by their numbers, to a spool until it is killed. It says on stdout which spans were
 * spooled, so that whoever kills it knows what must not be lost.
 */

import { writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { OtlpExporter } from "../exporter/index.ts";
import { traces } from "../traces/index.ts";
import { spansNamed } from "./spans.ts";

const [directory = "", endpoint = "", first = "0"] = process.argv.slice(2);
const exporter = await OtlpExporter.open(traces, {
  endpoint,
  spool: { directory },
  retry: { initialDelayMs: 5, maxDelayMs: 5 },
});
for (let number = Number(first); ; number++) {
  exporter.export(spansNamed(String(number)));
  writeSync(1, `${number}\n`);
  // Lets it send what it has.
  await setTimeout(1);
}

import type { ProcessEvent } from "@skep/tracers/processes";
import { printableJson } from "../output/text.ts";

/**
 * An event as one JSON object on one line. `timeUnixNs` is a text, since few readers of JSON keep so large a number
 * whole; all else that is a number is one.
 */
export function encodeProcessEvent({ kind, timeUnixNs, ...rest }: ProcessEvent): string {
  return `${printableJson({ kind, timeUnixNs: String(timeUnixNs), ...rest })}\n`;
}

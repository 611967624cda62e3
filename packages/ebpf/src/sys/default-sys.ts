import { KoffiSys } from "./koffi-sys.ts";
import type { Sys } from "./sys.ts";

let shared: Sys | undefined;

/** The running kernel, by way of koffi; made on first use. */
export function defaultSys(): Sys {
  shared ??= new KoffiSys();
  return shared;
}

/** System calls and process starts at a fixed rate, and a fixed part of each 10 ms of one CPU. */

import { spawn } from "node:child_process";
import { fstatSync, openSync } from "node:fs";

const TICK_MS = 10;

const [callsPerSecond = "", startsPerSecond = "", busyShare = ""] = process.argv.slice(2);
const descriptor = openSync("/dev/null", "r");

let calls = 0;
let starts = 0;
const sinceMs = performance.now();

setInterval(() => {
  const tickStartMs = performance.now();
  const seconds = (tickStartMs - sinceMs) / 1000;
  for (; starts < seconds * Number(startsPerSecond); starts++) spawn("/bin/true", { stdio: "ignore" });
  for (; calls < seconds * Number(callsPerSecond); calls++) fstatSync(descriptor);
  while (performance.now() - tickStartMs < TICK_MS * Number(busyShare));
}, TICK_MS);
process.once("disconnect", () => process.exit());

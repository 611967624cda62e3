/** System calls and process starts at a fixed rate, and that part of each 10 ms of a CPU which the parent tells. */

import { spawn } from "node:child_process";
import { fstatSync, openSync } from "node:fs";

const TICK_MS = 10;

const [callsPerSecond = "", startsPerSecond = ""] = process.argv.slice(2);
const descriptor = openSync("/dev/null", "r");

let calls = 0;
let starts = 0;
let burnShare = 0;
const sinceMs = performance.now();

setInterval(() => {
  const tickStartMs = performance.now();
  const seconds = (tickStartMs - sinceMs) / 1000;
  for (; starts < seconds * Number(startsPerSecond); starts++) spawn("/bin/true", { stdio: "ignore" });
  for (; calls < seconds * Number(callsPerSecond); calls++) fstatSync(descriptor);
  const burnSinceMs = performance.now();
  while (performance.now() - burnSinceMs < TICK_MS * burnShare);
}, TICK_MS);
process.on("message", (share) => {
  burnShare = Number(share);
});
process.once("disconnect", () => process.exit());

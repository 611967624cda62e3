/**
 * Asks a server at a fixed rate, whether or not it keeps up: a latency counts from when its request was due, so that one
 * stall is not hidden by the requests that it held back. Each message from the parent ends a part, and is answered with
 * what was measured in it.
 */

import { Agent, get } from "node:http";

export interface ClientPart {
  readonly durationMs: number;
  readonly completed: number;
  readonly failed: number;
  /** In milliseconds, in order of completion. */
  readonly latenciesMs: readonly number[];
}

const [port = "", perSecond = ""] = process.argv.slice(2);
const intervalMs = 1000 / Number(perSecond);
const agent = new Agent({ keepAlive: true, maxSockets: 32 });

let latenciesMs: number[] = [];
let failed = 0;
let partStartMs = performance.now();
let dueMs = partStartMs;

function request(sinceMs: number): void {
  const pending = get({ port: Number(port), host: "127.0.0.1", agent }, (response) => {
    response.resume();
    response.once("end", () => latenciesMs.push(performance.now() - sinceMs));
  });
  pending.once("error", () => {
    failed += 1;
  });
}

setInterval(() => {
  for (const nowMs = performance.now(); dueMs <= nowMs; dueMs += intervalMs) request(dueMs);
}, 2);

process.on("message", () => {
  const endMs = performance.now();
  const part: ClientPart = {
    durationMs: endMs - partStartMs,
    completed: latenciesMs.length,
    failed,
    latenciesMs,
  };
  latenciesMs = [];
  failed = 0;
  partStartMs = endMs;
  process.send?.(part);
});
process.once("disconnect", () => process.exit());

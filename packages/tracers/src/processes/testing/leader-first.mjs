/**
 * A process whose first thread ends long before it does: that thread ends itself with code 3, and then a worker ends the
 * process with code 5. Burns CPU time and reads in both, and prints what the process took when it is about to end.
 */

import { closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { isMainThread, Worker } from "node:worker_threads";
import koffi from "koffi";

const libc = koffi.load(null);
const SYS_exit = process.arch === "arm64" ? 93 : 60;

function burn(milliseconds) {
  const begin = process.threadCpuUsage();
  while (process.threadCpuUsage(begin).user < milliseconds * 1000);
}

function read(count) {
  const zero = openSync("/dev/zero", "r");
  const buffer = Buffer.alloc(1000);
  for (let i = 0; i < count; i++) readSync(zero, buffer);
  closeSync(zero);
}

function mainThreadRuns() {
  const stat = readFileSync(`/proc/${process.pid}/task/${process.pid}/stat`, "latin1");
  return !stat.slice(stat.lastIndexOf(")")).startsWith(") Z");
}

if (isMainThread) {
  new Worker(new URL(import.meta.url)).once("message", () => {
    burn(60);
    read(100);
    libc.func("long syscall(long, long)")(SYS_exit, 3);
  });
} else {
  const { parentPort } = await import("node:worker_threads");
  parentPort.postMessage("ready");
  while (mainThreadRuns());
  burn(60);
  read(100);
  const { user, system } = process.cpuUsage();
  const io = readFileSync("/proc/self/io", "latin1");
  writeSync(1, `${JSON.stringify({ cpuUs: user + system, io })}\n`);
  libc.func("void _exit(int)")(5);
}

// Makes system calls that Node.js makes at no other time: each time it reads a line, 200 of pread64, 50 of mkdir that
// fail (EEXIST) and 20 of fsync that fail (EBADF). Then it prints a line.
import { closeSync, fsyncSync, mkdirSync, openSync, readSync } from "node:fs";
import { createInterface } from "node:readline";

function fails(call) {
  try {
    call();
  } catch {
    return;
  }
  throw new Error("that should have failed");
}

const zero = openSync("/dev/zero", "r");
const byte = Buffer.alloc(1);
const closed = openSync("/dev/zero", "r");
closeSync(closed);
// So that the first of them load no code.
fails(() => mkdirSync("/"));
fails(() => fsyncSync(closed + 1000));
readSync(zero, byte, 0, 1, 0);
process.on("SIGUSR1", () => console.log("signal"));
console.log("ready");
for await (const _ of createInterface(process.stdin)) {
  for (let i = 0; i < 200; i++) readSync(zero, byte, 0, 1, 0);
  for (let i = 0; i < 50; i++) fails(() => mkdirSync("/"));
  for (let i = 0; i < 20; i++) fails(() => fsyncSync(closed + 1000));
  console.log("done");
}

/**
 * Does on request what a test can count, line by line of its standard input: "read N" preads a file of its own N times,
 * 100 bytes each; "fail N" opens a file that is not there; "spin MS" uses the CPU for that much CPU time; "run" runs
 * another program, of the service skep-short, and "end" lets it end. Answers each with a line when it is done.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

const file = openSync(import.meta.filename, "r");
const buffer = Buffer.alloc(100);
let program;

const deeds = {
  read: (count) => {
    for (let index = 0; index < count; index++) readSync(file, buffer, 0, 100, 0);
  },
  fail: (count) => {
    for (let index = 0; index < count; index++) {
      try {
        openSync("/no/such/file", "r");
      } catch {
        // That is what it is for.
      }
    }
  },
  spin: (milliseconds) => {
    const start = process.cpuUsage();
    for (;;) {
      const { user, system } = process.cpuUsage(start);
      if (user + system >= milliseconds * 1000) return;
    }
  },
  run: async () => {
    const options = { env: { OTEL_SERVICE_NAME: "skep-short" }, stdio: ["pipe", "ignore", "inherit"] };
    program = spawn(process.execPath, ["-e", "process.stdin.resume()"], options);
    await once(program, "spawn");
  },
  end: async () => {
    program.stdin.end();
    await once(program, "close");
  },
};

writeSync(1, "ready\n");
for await (const line of createInterface(process.stdin)) {
  const [deed, count] = line.split(" ");
  await deeds[deed](Number(count));
  writeSync(1, "done\n");
}

/**
 * Makes system calls, getppid(2), by word of its parent: `start` as many as it can, until `stop`; `count` a hundred
 * thousand. Says how many it made when it has come to an end.
 */

const BATCH = 20_000;
const COUNTED = 100_000;

let running = false;

function callMany(count: number): void {
  // Each reading of it is a call.
  for (let call = 0; call < count; call++) void process.ppid;
}

function loop(): void {
  if (!running) return;
  callMany(BATCH);
  setImmediate(loop);
}

process.on("message", (word) => {
  if (word === "start") {
    running = true;
    loop();
  } else if (word === "stop") {
    running = false;
    process.send?.(0);
  } else {
    callMany(COUNTED);
    process.send?.(COUNTED);
  }
});
process.once("disconnect", () => process.exit());

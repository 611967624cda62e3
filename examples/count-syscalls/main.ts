/**
 * Counts system calls by process for a second, and names the programs that are started meanwhile.
 *
 *     sudo node scripts/run.mjs examples/count-syscalls/main.ts
 */

import { setTimeout } from "node:timers/promises";
import { load } from "./count-syscalls.bpf.ts";

await using count = await load({ globals: { min_pid: 2 } });
using _calls = count.programs.on_sys_enter.attach();
using _execs = count.programs.on_exec.attach();

void (async () => {
  for await (const exec of count.events.execs) console.log(`${exec.name} (${exec.pid}) was started`);
})();

await setTimeout(1_000);
const busiest = Array.from(count.maps.calls_by_pid).sort(([, a], [, b]) => Number(b - a));
for (const [pid, calls] of busiest.slice(0, 10)) console.log(`${pid}\t${calls} system calls`);
console.log(`${count.globals.get("lost")} calls lost`);

/**
 * A process of the tests: loads and attaches every kind of program that this kernel allows, says so, and waits to be
 * killed.
 */

import { readdirSync, readFileSync } from "node:fs";
import { attachIterator, attachPerfEvent, attachUprobe, Collection, PerfSoftware, PerfType } from "../index.ts";
import { GETPPID_NUMBER, testObject } from "./objects.ts";

const collection = await Collection.load(testObject("attach"), {
  globals: { target_pid: process.pid, syscall_number: GETPPID_NUMBER },
});
const { programs } = collection;
const libc = /\S+\/(libc\.so\.6|libc-\S+\.so)$/m.exec(readFileSync("/proc/self/maps", "utf8"))?.[0] ?? "";
const links = [
  programs.get("on_tracepoint").attach(),
  programs.get("on_raw_tracepoint").attach(),
  programs.get("on_tp_btf").attach(),
  attachIterator(programs.get("on_task")),
  attachUprobe(programs.get("on_uprobe"), { path: libc, symbol: "getppid" }),
  attachPerfEvent(programs.get("on_perf_event"), {
    type: PerfType.SOFTWARE,
    config: PerfSoftware.CPU_CLOCK,
    frequencyHz: 99,
    cpu: 0,
  }),
];

/** What this process holds, by the ids that /proc/self/fdinfo tells. A link's entry also has the id of its program. */
const ids: Record<"prog" | "map" | "link", number[]> = { prog: [], map: [], link: [] };
for (const fd of readdirSync("/proc/self/fdinfo")) {
  let information = "";
  try {
    information = readFileSync(`/proc/self/fdinfo/${fd}`, "latin1");
  } catch {
    // The descriptor that readdirSync had open is closed by now.
  }
  for (const kind of ["link", "map", "prog"] as const) {
    const id = new RegExp(`^${kind}_id:\\s*(\\d+)$`, "m").exec(information)?.[1];
    if (id === undefined) continue;
    ids[kind].push(Number(id));
    break;
  }
}
process.stdout.write(`${JSON.stringify(ids)}\n`);
setInterval(() => links.length, 1000);

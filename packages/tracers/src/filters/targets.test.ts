import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeyedMap } from "@skep/ebpf";
import { Targets } from "./targets.ts";

/** Above PID_MAX_LIMIT of 64-bit kernels: nobody has it. */
const NOBODY = 2 ** 22 + 1;

test("all have exited when none is in the table that runs; one that runs is looked for only when its exit took it out", async () => {
  const table = new Map<number, number>();
  let listings = 0;
  const map = {
    set: (pid: number, state: number) => table.set(pid, state),
    has: (pid: number) => table.has(pid),
    delete: (pid: number) => table.delete(pid),
    keys() {
      listings++;
      return [...table.keys()];
    },
  };
  const targets = new Targets(map as unknown as KeyedMap<number, number>);
  targets.add([NOBODY, process.pid], { pending: false, withDescendants: false });
  for (let i = 0; i < 3; i++) targets.refresh();
  assert.deepEqual([...table.keys()], [process.pid], "what had exited before it was added is found by looking");
  assert.equal(listings, 1);
  // As the kernel half does.
  table.delete(process.pid);
  table.set(process.ppid, 2);
  targets.refresh();
  assert.equal(listings, 2);
  table.delete(process.ppid);
  targets.refresh();
  await targets.allExited;
});

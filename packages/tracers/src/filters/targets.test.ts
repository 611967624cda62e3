import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import type { KeyedMap } from "@skep/ebpf";
import { Targets } from "./targets.ts";

/** Above PID_MAX_LIMIT of 64-bit kernels: nobody has it. */
const NOBODY = 2 ** 22 + 1;

/** As the kernel half's, with what was asked of it. */
class Table extends Map<number, number> {
  listings = 0;
  lookups = 0;

  override has(pid: number): boolean {
    this.lookups++;
    return super.has(pid);
  }

  override keys(): MapIterator<number> {
    this.listings++;
    return [...super.keys()].values();
  }
}

function targetsOf(table: Table): Targets {
  return new Targets(table as unknown as KeyedMap<number, number>);
}

test("all have exited when none is in the table that runs; the table is listed only when the known one is gone", async () => {
  const table = new Table();
  const targets = targetsOf(table);
  targets.add([NOBODY, process.pid], { pending: false, withDescendants: false });
  for (let i = 0; i < 3; i++) targets.refresh();
  assert.equal(table.listings, 0);
  // As the kernel half does.
  table.delete(process.pid);
  table.set(process.ppid, 2);
  targets.refresh();
  assert.equal(table.listings, 1);
  assert.deepEqual([...table.keys()], [process.ppid], "what had exited before it was added is found by looking");
  table.delete(process.ppid);
  targets.refresh();
  await targets.allExited;
});

test("the table is asked nothing for an exit while one is known to run", async () => {
  const table = new Table();
  const targets = targetsOf(table);
  targets.add([process.pid], { pending: false, withDescendants: false });
  for (let pid = NOBODY; pid < NOBODY + 10; pid++) targets.exited(pid);
  assert.deepEqual([table.listings, table.lookups], [0, 0]);
  table.delete(process.pid);
  targets.exited(process.pid);
  await targets.allExited;
});

test("one that is in the table though it has ended is taken out", async () => {
  const program = spawn("/bin/cat");
  const table = new Table();
  const targets = targetsOf(table);
  targets.add([program.pid ?? 0], { pending: false, withDescendants: false });
  program.kill("SIGKILL");
  await once(program, "exit");
  targets.refresh();
  await targets.allExited;
  assert.equal(table.size, 0);
});

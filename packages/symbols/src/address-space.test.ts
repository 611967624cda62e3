import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressSpace } from "./address-space.ts";
import { MappedFiles } from "./elf/mapped-files.ts";
import { readProcess } from "./process/read-process.ts";

/** In no process: the first page cannot be mapped. */
const nowhere = 8;

test("maps are read less and less often for an address that never lies in them", (context) => {
  const files = new MappedFiles(64, 1 << 20);
  context.after(() => files.close());
  const description = readProcess(process.pid);
  assert.ok(description !== undefined);
  let nowMs = 0;
  const space = new AddressSpace(description, files, () => nowMs);

  const readAt: number[] = [];
  for (nowMs = 0; nowMs <= 60_000; nowMs += 500) if (space.refreshAfterMiss(nowhere)) readAt.push(nowMs / 1000);

  assert.deepEqual(readAt, [1, 3, 7, 15, 31, 47]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDefinitions, renderModule } from "./kernel-names.ts";

const header = `
#ifndef _ASM_UNISTD_H
#define __NR_read 0
#define __NR_rt_sigaction (__X32_SYSCALL_BIT + 512)
#define __NR_open (__NR_SYSCALL_BASE + 5)
#define\tEDEADLK\t\t35\t/* Resource deadlock would occur */
#define\tEWOULDBLOCK\tEAGAIN\t/* Operation would block */
#define __NR_sync_file_range2\t\t__NR_arm_sync_file_range
`;

test("numbers are taken from definitions, and second names are left out", () => {
  assert.deepEqual(parseDefinitions(header), [
    [0, "read"],
    [512, "rt_sigaction"],
    [5, "open"],
    [35, "EDEADLK"],
  ]);
});

test("a table is written with a number where one is left out", () => {
  const empty = new Map<number, string>();
  const table = new Map([
    [5, "open"],
    [0, "read"],
    [1, "write"],
  ]);
  const tables = { x64: table, x64Compat: empty, arm64: empty, arm64Compat: empty, errors: empty };
  assert.match(renderModule({ version: "7.2", tables }), / {2}x64: `\nread write 5 open`,\n/);
});

import { readFileSync } from "node:fs";
import type { Program } from "../programs/program.ts";

/** A committed object of the test programs beside this file: `testObject("maps")` is kernel/maps.bpf.o. */
export function testObject(name: string): Uint8Array {
  return readFileSync(new URL(`./kernel/${name}.bpf.o`, import.meta.url));
}

/** Contents of an Ethernet frame for test runs of socket filters, which need at least its header. */
const frame = new Uint8Array(64);

/** Runs a socket filter, `repeat` times without a gap, and answers what it returned the last time. */
export function run(program: Program, repeat: number = 1): number {
  return program.testRun({ data: frame, repeat }).returnValue;
}

/** Number of the system call getppid(), which `process.ppid` makes each time it is read. */
export const GETPPID_NUMBER: bigint = process.arch === "arm64" ? 173n : 110n;

/** Makes exactly `count` calls of getppid(). */
export function callGetppid(count: number): void {
  for (let call = 0; call < count; call++) process.ppid;
}

import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { Pipeline } from "../pipeline/pipeline.ts";

const RESTARTS = 4;

interface Held {
  readonly descriptors: number;
  /** Of BPF maps that are open here. */
  readonly mapBytes: number;
}

function held(): Held {
  let descriptors = 0;
  const maps = new Map<string, number>();
  for (const descriptor of readdirSync("/proc/self/fd")) {
    let information: string;
    try {
      readlinkSync(`/proc/self/fd/${descriptor}`);
      information = readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1");
    } catch {
      // That of the folder which was read is closed by now.
      continue;
    }
    descriptors += 1;
    const id = /^map_id:\s+(\d+)$/m.exec(information)?.[1];
    if (id !== undefined) maps.set(id, Number(/^memlock:\s+(\d+)$/m.exec(information)?.[1]));
  }
  return { descriptors, mapBytes: maps.values().reduce((sum, bytes) => sum + bytes, 0) };
}

test("tracers that come and go leave no descriptor and no map behind", async () => {
  const tracers = { cpu: {}, syscalls: {}, processes: {}, files: {} };
  const run = async () => {
    await using pipeline = await Pipeline.start({ tracers });
    await pipeline.takeRound();
    await pipeline.change("syscalls", { settings: { latencies: false }, reason: "a test" });
    await pipeline.change("files", { settings: undefined, reason: "a test" });
    await pipeline.change("files", { settings: {} });
    assert.ok(held().mapBytes > 0);
  };
  // The first one opens what stays open: libraries, and the event loop's own.
  await run();
  const before = held();
  for (let restart = 0; restart < RESTARTS; restart++) await run();
  assert.deepEqual(held(), before);
  assert.equal(before.mapBytes, 0);
});

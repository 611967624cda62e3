import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const CHILD = fileURLToPath(new URL("../testing/attach-and-wait.ts", import.meta.url));

/** Ids of what bpftool says the kernel holds. */
function held(kind: "prog" | "map" | "link"): number[] {
  const objects = JSON.parse(execFileSync("bpftool", ["--json", kind, "show"], { encoding: "utf8" })) as {
    id: number;
  }[];
  return objects.map(({ id }) => id).sort((a, b) => a - b);
}

const KINDS = ["prog", "map", "link"] as const;

test("kill -9 leaves no program, map or link in the kernel", async () => {
  const child = spawn(process.execPath, ["--conditions=skep-source", CHILD], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const ids = JSON.parse(line.toString()) as Record<(typeof KINDS)[number], number[]>;
    const left = (kind: (typeof KINDS)[number]): number[] => held(kind).filter((id) => ids[kind].includes(id));
    // While it runs, bpftool sees all that it made.
    for (const kind of KINDS) {
      assert.ok(ids[kind].length > 0);
      assert.deepEqual(
        left(kind),
        ids[kind].toSorted((a, b) => a - b),
      );
    }
    child.kill("SIGKILL");
    await once(child, "exit");
    // The kernel frees programs and maps after a grace period.
    for (const kind of KINDS) {
      for (let attempt = 0; attempt < 100 && left(kind).length > 0; attempt++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.deepEqual(left(kind), [], `${kind} left behind`);
    }
  } finally {
    child.kill("SIGKILL");
  }
});

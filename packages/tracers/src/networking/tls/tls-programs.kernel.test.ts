import assert from "node:assert/strict";
import { test } from "node:test";
import { isAtLeast, kernelVersion } from "@skep/ebpf/features";
import { load } from "../requests.bpf.ts";
import { tlsProgramsOfKernel } from "./attach-library.ts";
import { hasPrivateStack } from "./testing/machine-code.ts";

test("programs at uprobes have no stack that another task comes to", async (context) => {
  if (process.arch !== "x64") return context.skip("the machine code is that of another processor");
  const names: readonly string[] = tlsProgramsOfKernel();
  assert.ok(names.length > 0);
  await using kernelHalf = await load({
    programs: ({ name, optional }) => !optional || name === "on_exit" || names.includes(name),
  });
  const withPrivateStack = Object.values(kernelHalf.programs)
    .filter((program) => program !== undefined && hasPrivateStack(program))
    .map((program) => program?.name);
  // At a tracepoint the kernel sees to it that the program runs once at a time.
  assert.deepEqual(withPrivateStack, isAtLeast(kernelVersion(), "6.13") ? ["on_exit"] : []);
});

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { BpfError, VerifierError } from "../errors.ts";
import { probeFeature } from "../features/features.ts";
import { programsQuiesced } from "../programs/quiesce.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { enableStats } from "../sys/statistics.ts";
import { callGetppid, GETPPID_NUMBER, run, testObject } from "../testing/objects.ts";
import { Collection } from "./collection.ts";
import { KernelBtf } from "./kernel-btf.ts";
import { parseObject } from "./object.ts";
import { probeBtfFeatures } from "./object-btf.ts";
import type { CollectionSpec, ProgramSpec } from "./spec.ts";

/** Loads one of the programs that no verifier accepts, and gives the error. */
async function refusal(name: string): Promise<unknown> {
  try {
    using _ = await Collection.load(testObject("refused"), { programs: (program) => program.name === name });
  } catch (error) {
    return error;
  }
  return assert.fail(`${name} was accepted`);
}

describe("a program that the verifier refuses", () => {
  test("is explained by the kernel's reason and the line of C", async () => {
    const error = await refusal("forgets_null");
    assert.ok(error instanceof VerifierError);
    assert.equal(error.code, "verifier");
    assert.equal(error.programName, "forgets_null");
    assert.match(error.reason ?? "", /R0 invalid mem access 'map_value_or_null'|R0 may be NULL/);
    assert.deepEqual(error.source, {
      fileName: "./packages/ebpf/src/testing/kernel/refused.bpf.c",
      lineNumber: 22,
      text: "return *number > 7;",
    });
    assert.equal(
      error.message,
      `the kernel's verifier refused program "forgets_null": ${error.reason} (./packages/ebpf/src/testing/kernel/refused.bpf.c:22: return *number > 7;)`,
    );
    assert.match(error.log, /call bpf_map_lookup_elem#1/);
    assert.ok(!Object.keys(error).includes("log"), "printing the error would print the log");
  });

  test("for a field that this kernel does not have names it, and what is like it", async () => {
    const error = await refusal("reads_missing_field");
    assert.ok(error instanceof VerifierError);
    assert.match(
      error.message,
      /^the kernel's verifier refused program "reads_missing_field": this kernel has no struct task_struct.*no_such_member.*, which the program needs here \(\S*refused\.bpf\.c:\d+: .*task/,
    );
    assert.match(error.hint ?? "", /^the nearest names in this kernel: \w+/);
    assert.equal(error.reason, "invalid func unknown#195896080");
  });

  test("for a tracepoint that is not there is told apart from a bad program", async () => {
    const error = await refusal("has_no_target");
    assert.ok(error instanceof BpfError && !(error instanceof VerifierError));
    assert.equal(error.code, "not-found");
    assert.equal(
      error.message,
      'this kernel has no tracepoint no_such_tracepoint, which program "has_no_target" attaches to',
    );
  });
});

/** The same bytes for the same seed: xorshift32. There is no fast-check in the guests. */
function randomBytes(length: number, seed: number): Uint8Array {
  let state = seed * 0x9e37_79b9;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  });
}

describe("hostile objects", () => {
  /** A spec with one program replaced. */
  const withProgram = (spec: CollectionSpec, change: Partial<ProgramSpec>): CollectionSpec => ({
    ...spec,
    programs: new Map(Array.from(spec.programs, ([name, program]) => [name, { ...program, ...change }])),
  });

  test("with random instructions are refused by the kernel in words, and leave nothing open", async () => {
    const spec = parseObject(testObject("globals"));
    const before = readdirSync("/proc/self/fd").length;
    for (let seed = 1; seed <= 100; seed++) {
      const hostile = withProgram(spec, {
        instructions: randomBytes(8 + (seed % 32) * 8, seed),
        mapReferences: [],
        functions: [],
        lines: [],
      });
      await assert.rejects(Collection.load(hostile), (error) => error instanceof BpfError && error.message !== "");
    }
    assert.equal(readdirSync("/proc/self/fd").length, before);
  });

  for (const { name, change } of [
    { name: "an unknown program type", change: { type: 9999 } },
    { name: "an attach type that does not fit", change: { type: 26, expectedAttachType: 200 } },
    {
      name: "line records beyond the program",
      change: { lines: [{ instructionIndex: 9999, fileNameOffset: 1, lineOffset: 1, lineNumber: 1, columnNumber: 1 }] },
    },
    { name: "function records of no function", change: { functions: [{ instructionIndex: 0, typeId: 1 }] } },
  ] satisfies { name: string; change: Partial<ProgramSpec> }[]) {
    test(`with ${name} are refused`, async () => {
      const hostile = withProgram(parseObject(testObject("globals")), change);
      await assert.rejects(Collection.load(hostile), BpfError);
    });
  }

  for (const { name, change } of [
    { name: "an unknown type", change: { type: 9999 } },
    { name: "a value of 4 GB", change: { valueSizeBytes: 0xffff_ffff } },
    { name: "a key of no bytes", change: { keySizeBytes: 0 } },
    { name: "unknown flags", change: { flags: 0x7fff_0000 } },
  ]) {
    test(`with a map of ${name} are refused`, async () => {
      const spec = parseObject(testObject("maps"));
      const maps = new Map(Array.from(spec.maps, ([key, map]) => [key, key === "hash" ? { ...map, ...change } : map]));
      await assert.rejects(Collection.load({ ...spec, maps }), (error) => {
        assert.ok(error instanceof BpfError);
        assert.match(error.message, /^creating map "hash" failed: /);
        return true;
      });
    });
  }
});

describe("types of the object", () => {
  test("that this kernel may not know are replaced, and the values read the same", async () => {
    using collection = await Collection.load(testObject("new-types"));
    assert.equal(run(collection.programs.get("write_newest")), 0);
    const value = collection.maps.get<number, Record<string, unknown>>("newest").get(0);
    assert.equal(value?.["wide"], 0x123456789abcdefn);
    assert.equal(value?.["negative"], -5);
    assert.equal(value?.["marked"], 9);
    assert.equal(value?.["real"], 0);
  });

  test("are known to every kernel in the order of their versions", () => {
    const { globalFunctions, floats, declarationTags, typeTags, enum64 } = probeBtfFeatures(defaultSys());
    assert.equal(globalFunctions, true);
    for (const [newer, older] of [
      [enum64, typeTags],
      [typeTags, declarationTags],
      [declarationTags, floats],
    ]) {
      assert.ok(!newer || older);
    }
    if (enum64) assert.ok(probeFeature("loop").supported, "5.17 comes before 6.0");
  });
});

describe("types of the kernel", () => {
  test("are shared by those who have them open, and gone with the last", () => {
    const first = KernelBtf.open();
    const second = KernelBtf.open();
    assert.equal(first.vmlinux, second.vmlinux);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    assert.notEqual(second.vmlinux.findByName("task_struct"), undefined);
    second[Symbol.dispose]();
    assert.throws(() => second.vmlinux.findByName("mm_struct"), TypeError);
    using third = KernelBtf.open();
    assert.notEqual(third.vmlinux.findByName("task_struct"), undefined);
  });

  test("can be kept open over several loads", async () => {
    using kernelBtf = KernelBtf.open();
    for (const name of ["attach", "task-storage"]) {
      if (name === "task-storage" && !probeFeature("task-storage").supported) continue;
      using collection = await Collection.load(testObject(name), { kernelBtf, programs: ({ optional }) => !optional });
      assert.ok(Array.from(collection.programs).length > 0);
    }
    assert.notEqual(kernelBtf.vmlinux.findByName("task_struct"), undefined);
  });
});

describe("a running program", () => {
  let collection: Collection;
  before(async () => {
    collection = await Collection.load(testObject("globals"));
  });
  after(() => collection[Symbol.dispose]());

  test("is measured while statistics are enabled", () => {
    const program = collection.programs.get("compute");
    using _ = enableStats();
    const before = program.info().runCount;
    run(program, 1000);
    const { runCount, runTimeNs } = program.info();
    assert.equal(runCount - before, 1000n);
    assert.ok(runTimeNs > 0n);
  });

  test("is known by its name and size", () => {
    const info = collection.programs.get("compute").info();
    assert.ok(info.id > 0);
    assert.equal(info.type, 1);
    assert.ok(info.translatedSizeBytes >= 8 * 8);
  });

  test("has ended when programsQuiesced resolves, and the event loop goes on meanwhile", async () => {
    let turns = 0;
    const tick = setInterval(() => turns++, 0);
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 5; round++) await programsQuiesced();
    clearInterval(tick);
    assert.equal(readdirSync("/proc/self/fd").length, before);
  });
});

test("a task storage is read by pid", async (context) => {
  const support = probeFeature("task-storage");
  if (!support.supported) return context.skip(support.reason);
  using collection = await Collection.load(testObject("task-storage"), {
    globals: { target_pid: process.pid, syscall_number: GETPPID_NUMBER },
  });
  const calls = collection.maps.taskStorage<bigint>("calls");
  assert.equal(calls.get(process.pid), undefined);
  using link = collection.programs.get("count_calls").attach();
  callGetppid(17);
  link[Symbol.dispose]();
  assert.equal(calls.get(process.pid), 17n);
  calls.set(process.pid, 3n);
  assert.equal(calls.get(process.pid), 3n);
  assert.equal(calls.delete(process.pid), true);
  assert.equal(calls.delete(process.pid), false);
  assert.throws(() => calls.get(0x3fff_ffff), { code: "not-found", errnoName: "ESRCH" });
});

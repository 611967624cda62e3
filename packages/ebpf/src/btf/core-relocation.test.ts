import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parseObject } from "../loader/object.ts";
import { btfOfObject, type GoldenTarget, instructionLines, objectFile, relocateAll } from "../testing/core/golden.ts";
import { Btf } from "./btf.ts";
import { CoreRelocator } from "./core-relocation.ts";

/** What libbpf makes of the programs in rules.bpf.c; written by core-relocation.peer.test.ts. */
const golden: Readonly<Record<string, GoldenTarget>> = JSON.parse(
  readFileSync(new URL("../testing/core/golden.json", import.meta.url), "utf8"),
);

describe("relocation gives the instructions that libbpf gives", () => {
  for (const [target, programs] of Object.entries(golden)) {
    const ours = relocateAll(objectFile("rules"), btfOfObject(target));
    for (const [name, expected] of Object.entries(programs)) {
      test(`${name} on ${target}`, () => assert.deepEqual(ours[name], expected ?? undefined));
    }
  }

  test("which are other ones than the compiler's, in every program", () => {
    for (const program of parseObject(readFileSync(objectFile("rules"))).programs.values()) {
      const unrelocated = instructionLines(program.instructions, program);
      const unchanged = Object.keys(golden).filter((target) => sameLines(golden[target]?.[program.name], unrelocated));
      assert.notEqual(unchanged.length, Object.keys(golden).length, `${program.name} would pass without relocation`);
    }
  });
});

function sameLines(a: readonly string[] | null | undefined, b: readonly string[]): boolean {
  return a !== null && a !== undefined && a.join() === b.join();
}

function relocateProgram(name: string, target: string): ReturnType<CoreRelocator["relocate"]> {
  const spec = parseObject(readFileSync(objectFile("rules")));
  const program = spec.programs.get(name);
  assert.ok(program !== undefined && spec.btf !== undefined);
  const relocator = new CoreRelocator(spec.btf, { vmlinux: Btf.parse(btfOfObject(target)) });
  return relocator.relocate(program.instructions, program.coreRelocations);
}

describe("a poisoned instruction is explained", () => {
  const cases = [
    {
      program: "field_missing_load",
      target: "target-a",
      wanted: "struct plain.gone (byte offset)",
      nearest: ["second", "first", "padding"],
    },
    {
      program: "enumerator_missing",
      target: "target-a",
      wanted: "enum colour::COLOUR_GONE (value)",
      nearest: ["COLOUR_BLUE", "COLOUR_GREEN", "COLOUR_RED"],
    },
    {
      program: "width_signed_load",
      target: "target-a",
      wanted: "struct widths.signed_grows (byte offset)",
      nearest: [],
    },
    { program: "candidates_agree", target: "target-b", wanted: "struct several.agrees (byte offset)", nearest: [] },
  ];
  for (const { program, target, wanted, nearest } of cases) {
    test(`${program} on ${target}`, () => {
      const { poisoned } = relocateProgram(program, target);
      assert.equal(poisoned.length, 1);
      assert.equal(poisoned[0]?.wanted, wanted);
      assert.deepEqual(poisoned[0]?.nearest(), nearest);
    });
  }
});

describe("relocation is refused", () => {
  const cases = [
    {
      program: "candidates_differ",
      target: "target-a",
      message:
        "struct several.differs (byte offset) is ambiguous: the kernel has several types of this name, which differ in it",
    },
    {
      program: "field_out_of_reach",
      target: "target-a",
      message:
        "CO-RE relocation of struct far.near_here (byte offset) at instruction 0: the field is at 40000, further away than one instruction can reach",
    },
  ];
  for (const { program, target, message } of cases) {
    test(`${program} on ${target}`, () => {
      assert.throws(() => relocateProgram(program, target), { code: "relocation", message });
    });
  }
});

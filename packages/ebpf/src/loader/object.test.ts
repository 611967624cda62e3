import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { BtfKind } from "../btf/types.ts";
import { viewOf } from "../elf/byte-source.ts";
import { objectFile } from "../testing/core/golden.ts";
import { parseObject } from "./object.ts";
import type { MapSpec, ProgramSpec } from "./spec.ts";

const linking = parseObject(readFileSync(objectFile("linking")));

function program(name: string): ProgramSpec {
  const spec = linking.programs.get(name);
  assert.ok(spec !== undefined, name);
  return spec;
}

function map(name: string): MapSpec {
  const spec = linking.maps.get(name);
  assert.ok(spec !== undefined, name);
  return spec;
}

describe("maps of an object", () => {
  const typeName = (id: number): string | undefined => (id === 0 ? undefined : linking.btf?.name(id));
  const cases = [
    {
      name: "by_key",
      type: 1,
      keySizeBytes: 8,
      valueSizeBytes: 24,
      maxEntries: 64,
      flags: 1,
      key: "key",
      value: "value",
    },
    { name: "by_size", type: 2, keySizeBytes: 4, valueSizeBytes: 24, maxEntries: 3, flags: 0 },
    { name: "outer", type: 12, keySizeBytes: 4, valueSizeBytes: 4, maxEntries: 2, flags: 0, key: "u32" },
    { name: "events", type: 27, keySizeBytes: 0, valueSizeBytes: 0, maxEntries: 4096, flags: 0 },
  ];
  for (const { name, key, value, ...numbers } of cases) {
    test(`${name} has its definition`, () => {
      const { type, keySizeBytes, valueSizeBytes, maxEntries, flags, keyTypeId, valueTypeId } = map(name);
      assert.deepEqual({ type, keySizeBytes, valueSizeBytes, maxEntries, flags }, { ...numbers });
      assert.deepEqual([typeName(keyTypeId), typeName(valueTypeId)], [key, value]);
    });
  }

  test("an array of maps has an inner map", () => {
    const { inner } = map("outer");
    assert.deepEqual(
      {
        name: inner?.name,
        type: inner?.type,
        key: inner?.keySizeBytes,
        value: inner?.valueSizeBytes,
        max: inner?.maxEntries,
      },
      { name: "outer.inner", type: 2, key: 4, value: 8, max: 5 },
    );
  });

  test("there are no others than these and the global variables", () => {
    assert.deepEqual(Array.from(linking.maps.keys()).sort(), [
      ".bss",
      ".data",
      ".data.own",
      ".rodata",
      "by_key",
      "by_size",
      "events",
      "outer",
    ]);
  });
});

describe("global variables of an object", () => {
  test("are in maps that user space may look into", () => {
    assert.deepEqual(
      { ...map(".data"), data: 0 },
      {
        name: ".data",
        type: 2,
        keySizeBytes: 4,
        valueSizeBytes: 8,
        maxEntries: 1,
        flags: 1 << 10,
        keyTypeId: 0,
        valueTypeId: linking.btf?.findByName(".data"),
        inner: undefined,
        data: 0,
      },
    );
    assert.equal(map(".rodata").flags, (1 << 10) | (1 << 7));
    assert.equal(map(".rodata").data?.readOnly, true);
    assert.equal(map(".data.own").data?.readOnly, false);
  });

  test("have places, sizes and types", () => {
    const names = (name: string): object =>
      Object.fromEntries(
        Array.from(map(name).data?.variables.values() ?? [], (variable) => [
          variable.name,
          [variable.offsetBytes, variable.sizeBytes],
        ]),
      );
    assert.deepEqual(names(".rodata"), {
      setting: [0, 4],
      answer: [4, 4],
      text: [8, 8],
      "string_literal.____fmt": [16, 44],
    });
    assert.deepEqual(names(".data"), { initialised: [0, 8] });
    assert.deepEqual(names(".data.own"), { in_own_section: [0, 4] });
    assert.deepEqual(names(".bss"), { counter: [0, 4], zeroed: [8, 32] });
    const answer = map(".rodata").data?.variables.get("answer");
    assert.equal(linking.btf?.kind(answer?.typeId ?? 0), BtfKind.const);
  });

  test("have their initial contents", () => {
    assert.equal(viewOf(map(".data").data?.contents ?? new Uint8Array()).getBigUint64(0, true), 0x1122334455667788n);
    assert.equal(Buffer.from(map(".rodata").data?.contents.subarray(8, 12) ?? []).toString(), "skep");
    assert.deepEqual(map(".bss").data?.contents, new Uint8Array(40));
  });
});

describe("the BTF of an object", () => {
  test("has sizes and offsets of its data sections filled in, in order of place", () => {
    const { btf } = linking;
    const section = btf?.type(btf.findByName(".rodata", BtfKind.dataSection) ?? 0);
    assert.ok(btf !== undefined && section?.kind === BtfKind.dataSection);
    assert.equal(section.sizeBytes, 60);
    assert.deepEqual(
      section.variables.map(({ typeId, offsetBytes }) => [btf.name(typeId), offsetBytes]),
      [
        ["setting", 0],
        ["answer", 4],
        ["text", 8],
        ["string_literal.____fmt", 16],
      ],
    );
  });

  test("has hidden functions as static ones, and no externs, which the kernel would refuse", () => {
    const { btf } = linking;
    assert.ok(btf !== undefined);
    const linkage = (name: string): unknown => {
      const type = btf.type(btf.findByName(name, BtfKind.function) ?? 0);
      return "linkage" in type ? type.linkage : undefined;
    };
    assert.deepEqual([linkage("global_function"), linkage("hidden_function"), linkage("leaf")], [1, 0, 0]);
    assert.equal(btf.findByName("bpf_absent_function", BtfKind.function), undefined);
    assert.equal(btf.findByName("bpf_absent_function", BtfKind.typedef) !== undefined, true);
    assert.equal(btf.findByName("bpf_absent_variable", BtfKind.int) !== undefined, true);
    assert.equal(btf.findByName(".ksyms"), undefined);
  });
});

describe("programs of an object", () => {
  test("are the global functions of all sections but .text", () => {
    assert.deepEqual(Array.from(linking.programs.keys()), [
      "references",
      "string_literal",
      "calls",
      "calls_in_another_order",
      "callback_address",
      "weak_externs",
      "optional_program",
      "on_switch",
      "of_unknown_type",
    ]);
    assert.equal(linking.license, "Dual BSD/GPL");
  });

  test("have type and target from the section's name", () => {
    const { instructions, mapReferences, functions, lines, coreRelocations, ...rest } = program("on_switch");
    assert.deepEqual(rest, {
      name: "on_switch",
      sectionName: "tp_btf/sched_switch",
      type: 26,
      expectedAttachType: 23,
      attachTo: "sched_switch",
      flags: 0,
      optional: false,
    });
    assert.deepEqual([program("optional_program").optional, program("optional_program").sectionName], [true, "core"]);
    assert.equal(program("of_unknown_type").type, 0);
  });

  test("refer to maps, and to places in the maps of variables", () => {
    const references = program("references").mapReferences.map(
      ({ mapName, valueOffset }) => `${mapName} ${valueOffset}`,
    );
    assert.deepEqual(
      new Set(references),
      new Set([
        ".rodata 0",
        ".rodata 4",
        ".rodata 8",
        "by_key undefined",
        ".data.own 0",
        ".data 0",
        ".bss 0",
        ".bss 8",
        "by_size undefined",
        "outer undefined",
        "events undefined",
      ]),
    );
    assert.deepEqual(
      program("string_literal").mapReferences.map(({ valueOffset }) => valueOffset),
      [0, 16],
    );
  });

  test("carry every subprogram once, with calls between them and their debug records", () => {
    const { btf } = linking;
    const calls = program("calls");
    const names = calls.functions.map(({ typeId }) => btf?.name(typeId));
    assert.deepEqual(names, ["calls", "global_function", "recursive_caller", "leaf", "hidden_function"]);
    const starts = new Set(calls.functions.map(({ instructionIndex }) => instructionIndex));
    const view = viewOf(calls.instructions);
    let found = 0;
    for (let index = 0; index < view.byteLength / 8; index++) {
      if (view.getUint8(index * 8) !== 0x85 || view.getUint8(index * 8 + 1) >> 4 !== 1) continue;
      assert.ok(starts.has(index + 1 + view.getInt32(index * 8 + 4, true)), `call at ${index}`);
      found++;
    }
    assert.equal(found, 8);
    for (const { instructionIndex, lineOffset, lineNumber } of calls.lines) {
      assert.ok(instructionIndex < view.byteLength / 8 && lineNumber > 0);
      assert.notEqual(btf?.string(lineOffset), "");
    }
    // Every function starts with a line of its own: the kernel insists on it (check_btf_line).
    for (const start of starts) assert.ok(calls.lines.some(({ instructionIndex }) => instructionIndex === start));
  });

  test("hand addresses of functions to helpers", () => {
    const { instructions, functions } = program("callback_address");
    const view = viewOf(instructions);
    const index = Array.from({ length: view.byteLength / 8 }, (_, i) => i).find(
      (i) => view.getUint8(i * 8) === 0x18 && view.getUint8(i * 8 + 1) >> 4 === 4,
    );
    assert.ok(index !== undefined);
    assert.equal(index + 1 + view.getInt32(index * 8 + 4, true), functions[1]?.instructionIndex);
  });

  test("see missing weak symbols of the kernel at address 0", () => {
    const { instructions, mapReferences } = program("weak_externs");
    const hex: readonly string[] = Buffer.from(instructions).toString("hex").match(/.{16}/g) ?? [];
    assert.deepEqual(mapReferences, []);
    assert.equal(hex.filter((line) => /^18/.test(line)).length, 2);
    for (const [index, line] of hex.entries()) {
      if (/^18/.test(line))
        assert.deepEqual([line.slice(2, 3), line.slice(8), hex[index + 1]], ["0", "00000000", "0".repeat(16)]);
    }
    assert.ok(hex.includes("8500000080185477"), "the call of a missing function is poisoned");
  });
});

test("CO-RE records move with the function that they are in", () => {
  const spec = parseObject(readFileSync(objectFile("rules")));
  const [first, second] = [spec.programs.get("subprogram_first"), spec.programs.get("subprogram_second")];
  assert.equal(first?.coreRelocations.length, 1);
  assert.equal(second?.coreRelocations.length, 2);
  const startOfSubprogram = second?.functions[1]?.instructionIndex ?? 0;
  assert.ok((second?.coreRelocations[1]?.instructionIndex ?? 0) >= startOfSubprogram);
});

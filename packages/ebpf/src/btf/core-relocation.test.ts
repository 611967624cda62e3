import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parseObject } from "../loader/object.ts";
import { BtfBuilder } from "../testing/btf-builder.ts";
import { btfOfObject, type GoldenTarget, instructionLines, objectFile, relocateAll } from "../testing/core/golden.ts";
import { Btf } from "./btf.ts";
import { CoreRelocationKind, CoreRelocator, type CoreTargets, relocate } from "./core-relocation.ts";
import { BtfKind } from "./types.ts";

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

/** A 4-byte load from `offset` of register 1. */
const load = (offset: number): string => `6110${Buffer.from(Uint16Array.of(offset).buffer).toString("hex")}00000000`;

/** BTF with `struct widget`, whose u32 field `wanted` follows `padding` bytes. */
function widget(padding: number, base?: Btf): { btf: Btf; id: number } {
  const builder =
    base === undefined
      ? new BtfBuilder()
      : new BtfBuilder({ base: { typeCount: base.typeCount, stringBytes: base.stringBytes.byteLength } });
  const u32 = builder.int("unsigned int", 4);
  const id = builder.struct("widget", padding + 4, [{ name: "wanted", type: u32, bitOffset: padding * 8 }]);
  return { btf: Btf.parse(builder.bytes(), base), id };
}

function empty(): Btf {
  const builder = new BtfBuilder();
  builder.int("unsigned int", 4);
  return Btf.parse(builder.bytes());
}

function relocateOne(
  local: Btf,
  targets: CoreTargets,
  relocation: { readonly kind?: number; readonly typeId: number; readonly accessString?: string },
  instructions: string = load(0),
): string {
  const bytes = Uint8Array.from(Buffer.from(instructions, "hex"));
  relocate(bytes, [{ instructionIndex: 0, kind: 0, accessString: "0:0", ...relocation }], local, targets);
  return Buffer.from(bytes).toString("hex");
}

describe("types of kernel modules", () => {
  const local = widget(0);

  test("are found where vmlinux has none of the name", () => {
    const vmlinux = empty();
    const module = widget(24, vmlinux);
    const targets = { vmlinux, modules: () => [widget(24, vmlinux).btf, module.btf] };
    assert.equal(relocateOne(local.btf, targets, { typeId: local.id }), load(24));
    const { typeIdTarget } = CoreRelocationKind;
    const moveImmediate = "b700000000000000";
    assert.equal(
      relocateOne(local.btf, targets, { typeId: local.id, kind: typeIdTarget, accessString: "0" }, moveImmediate),
      `b7000000${Buffer.from(Uint32Array.of(module.id).buffer).toString("hex")}`,
    );
  });

  test("are not asked for where vmlinux has one", () => {
    const modules = (): never => assert.fail("modules were read");
    assert.equal(relocateOne(local.btf, { vmlinux: widget(8).btf, modules }, { typeId: local.id }), load(8));
  });

  test("have to agree with each other", () => {
    const vmlinux = empty();
    const modules = (): Btf[] => [widget(8, vmlinux).btf, widget(16, vmlinux).btf];
    assert.throws(() => relocateOne(local.btf, { vmlinux, modules }, { typeId: local.id }), {
      message:
        "struct widget.wanted (byte offset) is ambiguous: the kernel has several types of this name, which differ in it",
    });
  });
});

test("an array that grew does not change the width of a load of one element (libbpf 1.6)", () => {
  const named = (length: number, padding: number): { btf: Btf; id: number } => {
    const builder = new BtfBuilder();
    const char = builder.int("char", 1, true);
    const id = builder.struct("task", 64, [
      { name: "comm", type: builder.array(char, length), bitOffset: padding * 8 },
    ]);
    return { btf: Btf.parse(builder.bytes()), id };
  };
  const local = named(16, 0);
  const byteLoad = "7110000000000000";
  assert.equal(
    relocateOne(local.btf, { vmlinux: named(32, 8).btf }, { typeId: local.id }, byteLoad),
    "7110080000000000",
  );
});

test("candidates that did not fit are not asked again by other programs of the object", () => {
  const spec = parseObject(readFileSync(objectFile("rules")));
  const [narrowed, differs] = [spec.programs.get("candidates_narrowed"), spec.programs.get("candidates_differ")];
  assert.ok(spec.btf !== undefined && narrowed !== undefined && differs !== undefined);
  const relocator = new CoreRelocator(spec.btf, { vmlinux: Btf.parse(btfOfObject("target-a")) });
  const severalId = differs.coreRelocations[0]?.typeId ?? 0;
  const onlyInOne = narrowed.coreRelocations[0];
  assert.ok(onlyInOne !== undefined);
  relocator.relocate(narrowed.instructions.slice(), [{ ...onlyInOne, typeId: severalId }]);
  assert.deepEqual(relocator.relocate(differs.instructions.slice(), differs.coreRelocations).poisoned, []);
});

describe("a malformed record is refused", () => {
  const builder = new BtfBuilder();
  const u32 = builder.int("unsigned int", 4);
  const array = builder.array(u32, 4);
  const widgetId = builder.struct("widget", 24, [
    { name: "wanted", type: u32, bitOffset: 0 },
    { name: "values", type: array, bitOffset: 32 },
  ]);
  const nameless = builder.struct("", 4, [{ name: "wanted", type: u32, bitOffset: 0 }]);
  const colour = builder.enum("colour", { RED: 1 });
  let pointers = u32;
  for (let depth = 0; depth < 40; depth++) pointers = builder.pointer(pointers);
  const deep = builder.typedef("deep", pointers);
  const forward = builder.add("opaque", BtfKind.forward, 0, 0);
  const btf = Btf.parse(builder.bytes());
  const record = (typeId: number, path: string, what: string): string =>
    `CO-RE record of instruction 0 (${what} of BTF type ${typeId}, path "${path}") `;
  const path = Array.from({ length: 65 }, () => "0").join(":");
  const cases = [
    {
      relocation: { typeId: widgetId, kind: 99 },
      message: `${record(widgetId, "0:0", "unknown kind 99")}is of a kind that is not known here`,
    },
    {
      relocation: { typeId: widgetId, accessString: "0:-1" },
      message: `${record(widgetId, "0:-1", "byte offset")}has a malformed path`,
    },
    {
      relocation: { typeId: widgetId, accessString: "" },
      message: `${record(widgetId, "", "byte offset")}has a malformed path`,
    },
    {
      relocation: { typeId: widgetId, accessString: path },
      message: `${record(widgetId, path, "byte offset")}has too long a path`,
    },
    {
      relocation: { typeId: widgetId, kind: 8, accessString: "0:0" },
      message: `${record(widgetId, "0:0", "existence")}has a path, but is about a whole type`,
    },
    {
      relocation: { typeId: widgetId, accessString: "0:7" },
      message: `${record(widgetId, "0:7", "byte offset")}leads to a member that the type does not have`,
    },
    {
      relocation: { typeId: widgetId, accessString: "0:1:4" },
      message: `${record(widgetId, "0:1:4", "byte offset")}leads beyond the end of an array`,
    },
    {
      relocation: { typeId: widgetId, accessString: "0:0:1" },
      message: `${record(widgetId, "0:0:1", "byte offset")}leads into something that is neither struct, union nor array`,
    },
    {
      relocation: { typeId: forward, accessString: "0" },
      message: `${record(forward, "0", "byte offset")}leads through a type without a size`,
    },
    {
      relocation: { typeId: colour, kind: 11, accessString: "1" },
      message: `${record(colour, "1", "value")}does not lead to an enumerator`,
    },
    { relocation: { typeId: nameless }, message: `BTF type ${nameless} has no name to look for in the kernel` },
    {
      relocation: { typeId: deep, kind: 8, accessString: "0" },
      message: "a CO-RE relocation compares types that nest too deep",
    },
    {
      relocation: { typeId: deep, kind: 12, accessString: "0" },
      message: "a CO-RE relocation compares types that nest too deep",
    },
    {
      relocation: { typeId: widgetId, kind: 3, accessString: "0:1:2" },
      message: "struct widget.values[2] (signedness) cannot be asked of an array element",
    },
    {
      relocation: { typeId: widgetId },
      instruction: load(8),
      message:
        "CO-RE relocation of struct widget.wanted (byte offset) at instruction 0: it holds 8, where the object's types say 0",
    },
    {
      relocation: { typeId: widgetId },
      instruction: "0f21000000000000",
      message: "CO-RE relocation of struct widget.wanted (byte offset) at instruction 0: it has no constant to replace",
    },
    {
      relocation: { typeId: widgetId },
      instruction: "9500000000000000",
      message:
        "CO-RE relocation of struct widget.wanted (byte offset) at instruction 0: it is not an instruction that can be relocated",
    },
    {
      relocation: { typeId: widgetId },
      instruction: "1801000000000000",
      message:
        "CO-RE relocation of struct widget.wanted (byte offset) at instruction 0: it is not a plain load of a 64-bit constant",
    },
    {
      relocation: { typeId: widgetId },
      instruction: "",
      message:
        "CO-RE relocation of struct widget.wanted (byte offset) at instruction 0: the program has no such instruction",
    },
  ];
  for (const { relocation, instruction, message } of cases) {
    test(message, () => {
      assert.throws(() => relocateOne(btf, { vmlinux: btf }, relocation, instruction), { code: "relocation", message });
    });
  }
});

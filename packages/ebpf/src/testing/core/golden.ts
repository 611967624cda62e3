import { readFileSync } from "node:fs";
import { Btf } from "../../btf/btf.ts";
import { CoreRelocator } from "../../btf/core-relocation.ts";
import { viewOf } from "../../elf/byte-source.ts";
import { ElfFile } from "../../elf/elf-file.ts";
import { parseObject } from "../../loader/object.ts";
import type { ProgramSpec } from "../../loader/spec.ts";

/** A program's instructions, 16 hexadecimal digits each; or undefined where it was refused. */
export type Relocated = readonly string[] | undefined;

/** By program, what relocation against one target makes of it. */
export type GoldenTarget = Readonly<Record<string, Relocated | null>>;

export function objectFile(name: string): string {
  return new URL(`${name}.bpf.o`, import.meta.url).pathname;
}

/** BTF of an object, as it is in the file: clang has made a target of C. */
export function btfOfObject(name: string): Uint8Array {
  const file = ElfFile.parse(readFileSync(objectFile(name)));
  const section = file.section(".BTF");
  if (section === undefined) throw new Error(`${name} has no BTF`);
  return file.sectionData(section);
}

/** Relocates each program by itself, as if it were the only one of its object. */
export function relocateAll(object: string, target: Uint8Array): Record<string, Relocated> {
  const spec = parseObject(readFileSync(object));
  const vmlinux = Btf.parse(target);
  const relocated: Record<string, Relocated> = {};
  for (const program of spec.programs.values()) {
    const instructions = program.instructions.slice();
    if (spec.btf === undefined) throw new Error("the object has no BTF");
    try {
      new CoreRelocator(spec.btf, { vmlinux }).relocate(instructions, program.coreRelocations);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "relocation")) throw error;
      relocated[program.name] = undefined;
      continue;
    }
    relocated[program.name] = instructionLines(instructions, program);
  }
  return relocated;
}

/** One line for each instruction, with the references to maps filled in. */
export function instructionLines(instructions: Uint8Array, program: ProgramSpec): string[] {
  const bytes = instructions.slice();
  const view = viewOf(bytes);
  for (const { instructionIndex, valueOffset } of program.mapReferences) {
    const at = instructionIndex * 8;
    view.setUint8(at + 1, (view.getUint8(at + 1) & 0x0f) | (valueOffset === undefined ? 0x10 : 0x20));
    view.setInt32(at + 12, valueOffset ?? 0, true);
  }
  const hex = Buffer.from(bytes).toString("hex");
  return withoutDescriptors(hex.match(/.{16}/g) ?? []);
}

/** Descriptors of maps differ from run to run: they are not compared. */
export function withoutDescriptors(lines: readonly string[]): string[] {
  return lines.map((line) => (/^18[12]/.test(line) ? `${line.slice(0, 8)}ffffffff` : line));
}

/**
 * Puts a program together: its own function, then every subprogram that it reaches, once each, with the calls between them
 * and the references to maps and global variables worked out. What the compiler noted about single instructions moves
 * along.
 */

import type { CoreRelocation } from "../btf/core-relocation.ts";
import { viewOf } from "../elf/byte-source.ts";
import { BpfError } from "../errors.ts";
import { type CodeFunction, type CodeSection, instructionBytes } from "./code.ts";
import type { FunctionInfo, LineInfo, MapReference, ProgramSpec } from "./spec.ts";

/** What a relocation's symbol stands for. */
export type LinkTarget =
  /** A place in code, in bytes from the start of the section. */
  | { readonly kind: "code"; readonly section: CodeSection; readonly byteOffset: number }
  | { readonly kind: "map"; readonly mapName: string }
  /** A place in a map of global variables. */
  | { readonly kind: "variable"; readonly mapName: string; readonly byteOffset: number }
  /** Something of the kernel's that the program can do without. */
  | { readonly kind: "weakExtern"; readonly name: string };

/** @throws {BpfError} when the symbol stands for nothing that can be linked. */
export type ResolveSymbol = (symbolIndex: number) => LinkTarget;

export type LinkedProgram = Pick<
  ProgramSpec,
  "instructions" | "mapReferences" | "coreRelocations" | "functions" | "lines"
>;

const opcodeLoadImmediate64 = 0x18;
const opcodeCall = 0x85;

/** `src_reg` of these instructions: `BPF_PSEUDO_*` of linux/bpf.h. */
const pseudoCall = 1;
const pseudoFunction = 4;

/** What libbpf turns calls of missing weak kernel functions into (POISON_CALL_KFUNC_BASE): fails if it is reached. */
const poisonedKernelFunction = 2002000000;

/** The kernel's limit for one program, BPF_COMPLEXITY_LIMIT_INSNS: linking may copy a subprogram into many programs. */
const maxInstructions = 1_000_000;

/** The kernel's limit, BPF_MAX_SUBPROGS. */
const maxFunctions = 256;

/**
 * @throws {BpfError} `relocation` when a call leads to no function, or an instruction cannot hold what it refers to.
 */
export function linkProgram(entry: CodeFunction, resolve: ResolveSymbol): LinkedProgram {
  // Subprograms follow in the order in which a depth-first walk of the calls meets them: the same as libbpf's.
  const placed = new Map<CodeFunction, number>();
  const order: CodeFunction[] = [];
  let total = 0;
  const place = (code: CodeFunction): void => {
    placed.set(code, total);
    order.push(code);
    total += code.count;
    if (total > maxInstructions || order.length > maxFunctions) {
      throw new BpfError(
        "relocation",
        `program "${entry.name}" is larger than any kernel takes: ${total} instructions in ${order.length} functions`,
      );
    }
    for (const callee of callees(code, resolve)) if (!placed.has(callee)) place(callee);
  };
  place(entry);

  const instructions = new Uint8Array(total * instructionBytes);
  const view = viewOf(instructions);
  const mapReferences: MapReference[] = [];
  const coreRelocations: CoreRelocation[] = [];
  const functions: FunctionInfo[] = [];
  const lines: LineInfo[] = [];
  for (const code of order) {
    const base = placed.get(code) ?? 0;
    const { section, start, count } = code;
    instructions.set(
      section.bytes.subarray(start * instructionBytes, (start + count) * instructionBytes),
      base * instructionBytes,
    );
    moveInto(functions, section.functionInfos, code, base);
    moveInto(lines, section.lines, code, base);
    moveInto(coreRelocations, section.coreRelocations, code, base);
    for (let index = 0; index < count; index++) {
      linkInstruction(view, base + index, code, index, resolve, placed, mapReferences);
    }
  }
  return { instructions, mapReferences, coreRelocations, functions, lines };
}

/** Copies the records of one function to where it now is. */
function moveInto<T extends { readonly instructionIndex: number }>(
  into: T[],
  records: readonly T[],
  { start, count }: CodeFunction,
  base: number,
): void {
  for (const record of records) {
    const index = record.instructionIndex - start;
    if (index >= 0 && index < count) into.push({ ...record, instructionIndex: base + index });
  }
}

/** The functions that `code` calls or takes the address of, in the order of its instructions. */
function* callees(code: CodeFunction, resolve: ResolveSymbol): Generator<CodeFunction> {
  for (let index = 0; index < code.count; index++) {
    const callee = calleeAt(code, index, resolve);
    if (callee !== undefined) yield callee;
  }
}

/** The function that an instruction of `code` calls or takes the address of; undefined if it does neither. */
function calleeAt(code: CodeFunction, index: number, resolve: ResolveSymbol): CodeFunction | undefined {
  const { view } = code.section;
  const inSection = code.start + index;
  const at = inSection * instructionBytes;
  const opcode = view.getUint8(at);
  const immediate = view.getInt32(at + 4, true);
  const symbol = code.section.symbols.get(inSection);
  const target = symbol === undefined ? undefined : resolve(symbol);

  if (opcode === opcodeCall && view.getUint8(at + 1) >> 4 === pseudoCall) {
    // A static function of the same section is called without a relocation, by distance.
    if (target === undefined) return functionAt(code.section, inSection + immediate + 1, code);
    if (target.kind === "weakExtern") return undefined;
    if (target.kind !== "code") throw badReference(code, index, "calls something that is not a function");
    // The immediate counts from the symbol: -1 for functions, their distance for those that only have a section's.
    return functionAt(target.section, target.byteOffset / instructionBytes + immediate + 1, code);
  }
  if (opcode === opcodeLoadImmediate64 && target?.kind === "code") {
    return functionAt(target.section, (target.byteOffset + immediate) / instructionBytes, code);
  }
  return undefined;
}

function functionAt(section: CodeSection, start: number, caller: CodeFunction): CodeFunction {
  const found = section.functions.get(start);
  if (found !== undefined) return found;
  throw new BpfError(
    "relocation",
    `function "${caller.name}" refers to instruction ${start} of section ${section.name}, where no function starts`,
  );
}

/** Rewrites instruction `to` of the linked program, which is a copy of instruction `index` of `code`. */
function linkInstruction(
  view: DataView,
  to: number,
  code: CodeFunction,
  index: number,
  resolve: ResolveSymbol,
  placed: ReadonlyMap<CodeFunction, number>,
  mapReferences: MapReference[],
): void {
  const at = to * instructionBytes;
  const opcode = view.getUint8(at);
  const callee = calleeAt(code, index, resolve);
  if (callee !== undefined) {
    // Kernels want the distance from the next instruction, for calls and for addresses of functions alike.
    view.setInt32(at + 4, (placed.get(callee) ?? 0) - to - 1, true);
    if (opcode === opcodeLoadImmediate64) setSource(view, at, pseudoFunction);
    return;
  }
  const symbol = code.section.symbols.get(code.start + index);
  if (symbol === undefined) return;
  const target = resolve(symbol);
  if (target.kind === "weakExtern" && opcode === opcodeCall) {
    view.setUint8(at + 1, 0);
    view.setInt16(at + 2, 0, true);
    view.setInt32(at + 4, poisonedKernelFunction, true);
    return;
  }
  if (opcode !== opcodeLoadImmediate64 || index + 1 >= code.count) {
    throw badReference(code, index, "refers to a symbol, but is neither a call nor a load of an address");
  }
  switch (target.kind) {
    case "map":
      mapReferences.push({ instructionIndex: to, mapName: target.mapName, valueOffset: undefined });
      break;
    case "variable":
      mapReferences.push({
        instructionIndex: to,
        mapName: target.mapName,
        valueOffset: target.byteOffset + view.getInt32(at + 4, true),
      });
      break;
    case "weakExtern":
      view.setInt32(at + 4, 0, true);
      view.setInt32(at + 12, 0, true);
      break;
    case "code":
      throw badReference(code, index, "refers to code where no function starts");
    default:
      target satisfies never;
  }
}

function setSource(view: DataView, at: number, source: number): void {
  view.setUint8(at + 1, (view.getUint8(at + 1) & 0x0f) | (source << 4));
}

function badReference(code: CodeFunction, index: number, what: string): BpfError {
  return new BpfError("relocation", `instruction ${index} of function "${code.name}" ${what}`);
}

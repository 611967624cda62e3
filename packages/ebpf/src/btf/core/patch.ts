import { viewOf } from "../../elf/byte-source.ts";
import { BpfError } from "../../errors.ts";
import type { CoreResult } from "./value.ts";

/** Instruction classes: the low 3 bits of the opcode. */
const classLd = 0x00;
const classLdx = 0x01;
const classSt = 0x02;
const classStx = 0x03;
const classAlu = 0x04;
const classAlu64 = 0x07;

/** Bit 3 of ALU opcodes: the operand is a register, not an immediate. */
const sourceIsRegister = 0x08;
const opcodeLoadImmediate64 = 0x18;
const opcodeCall = 0x85;
const sizeMask = 0x18;
const largestOffset = 32767;

/** Helper number that does not exist; the verifier prints it, and people search for it: 0xbad2310, "bad relo". */
const poisonHelper = 195896080;

/** Size bits of a load or store opcode, by bytes. */
const sizeBits: ReadonlyMap<number, number> = new Map([
  [4, 0x00],
  [2, 0x08],
  [1, 0x10],
  [8, 0x18],
]);

/** A program's instructions, as fields. */
export class Instructions {
  readonly view: DataView;
  readonly count: number;

  constructor(bytes: Uint8Array) {
    this.view = viewOf(bytes);
    this.count = Math.floor(bytes.byteLength / 8);
  }

  opcode(index: number): number {
    return this.view.getUint8(index * 8);
  }

  /** Destination in the low 4 bits, source in the high 4 bits. */
  registers(index: number): number {
    return this.view.getUint8(index * 8 + 1);
  }

  offset(index: number): number {
    return this.view.getInt16(index * 8 + 2, true);
  }

  immediate(index: number): number {
    return this.view.getInt32(index * 8 + 4, true);
  }

  set(index: number, opcode: number, registers: number, offset: number, immediate: number): void {
    this.view.setUint8(index * 8, opcode);
    this.view.setUint8(index * 8 + 1, registers);
    this.view.setInt16(index * 8 + 2, offset, true);
    this.view.setInt32(index * 8 + 4, immediate, true);
  }
}

/**
 * Puts a relocation's value into its instruction.
 *
 * @returns false when it cannot be used that way and has to be poisoned: a load whose width would change in a way that
 *   changes the value.
 * @throws {BpfError} `relocation` when the instruction isn't one that can hold it, or holds something else than it should.
 */
export function patchInstruction(
  program: Instructions,
  index: number,
  result: CoreResult,
  describe: () => string,
): boolean {
  const refused = (why: string): BpfError =>
    new BpfError("relocation", `CO-RE relocation of ${describe()} at instruction ${index}: ${why}`);
  if (index >= program.count) throw refused("the program has no such instruction");
  const opcode = program.opcode(index);
  const registers = program.registers(index);
  const offset = program.offset(index);
  const expect = (actual: bigint): void => {
    if (!result.validate || BigInt.asUintN(64, actual) === result.oldValue) return;
    throw refused(`it holds ${actual}, where the object's types say ${result.oldValue}`);
  };

  switch (opcode & 0x07) {
    case classAlu:
    case classAlu64:
      if ((opcode & sourceIsRegister) !== 0) throw refused("it has no constant to replace");
      expect(BigInt(program.immediate(index)));
      program.set(index, opcode, registers, offset, Number(BigInt.asIntN(32, result.newValue)));
      return true;
    case classLdx:
    case classSt:
    case classStx: {
      expect(BigInt(offset));
      if (result.newValue > BigInt(largestOffset)) {
        throw refused(`the field is at ${result.newValue}, further away than one instruction can reach`);
      }
      if (result.size !== undefined && !result.size.safe) return false;
      let newOpcode = opcode;
      if (result.size !== undefined) {
        if (sizeBits.get(result.size.oldBytes) !== (opcode & sizeMask)) {
          throw refused(`it does not access ${result.size.oldBytes} bytes, as the object's types say`);
        }
        const bits = sizeBits.get(result.size.newBytes);
        if (bits === undefined) throw refused(`no instruction accesses ${result.size.newBytes} bytes`);
        newOpcode = (opcode & ~sizeMask) | bits;
      }
      program.set(index, newOpcode, registers, Number(result.newValue), program.immediate(index));
      return true;
    }
    case classLd: {
      const wellFormed =
        opcode === opcodeLoadImmediate64 &&
        registers >> 4 === 0 &&
        offset === 0 &&
        index + 1 < program.count &&
        program.opcode(index + 1) === 0 &&
        program.registers(index + 1) === 0 &&
        program.offset(index + 1) === 0;
      if (!wellFormed) throw refused("it is not a plain load of a 64-bit constant");
      const low = BigInt.asUintN(32, BigInt(program.immediate(index)));
      expect((BigInt(program.immediate(index + 1)) << 32n) | low);
      program.set(index, opcode, registers, 0, Number(BigInt.asIntN(32, result.newValue)));
      program.set(index + 1, 0, 0, 0, Number(BigInt.asIntN(32, result.newValue >> 32n)));
      return true;
    }
    default:
      throw refused("it is not an instruction that can be relocated");
  }
}

/** Makes an instruction invalid, both halves of a 64-bit load, so that the verifier's message is about the right thing. */
export function poisonInstruction(program: Instructions, index: number): void {
  if (index >= program.count) {
    throw new BpfError("relocation", `CO-RE record of instruction ${index}, which the program does not have`);
  }
  if (program.opcode(index) === opcodeLoadImmediate64 && index + 1 < program.count) {
    program.set(index + 1, opcodeCall, 0, 0, poisonHelper);
  }
  program.set(index, opcodeCall, 0, 0, poisonHelper);
}

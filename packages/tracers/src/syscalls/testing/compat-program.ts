import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

/**
 * x86-64 code that makes 32-bit calls, by `int 0x80`: 100 of getpid (20), and 10 of close (6) of what isn't open. 64-bit
 * calls with these numbers would be writev and lstat.
 */
const countedCalls = Uint8Array.of(
  ...[0xbd, 100, 0, 0, 0], //    mov ebp, 100
  ...[0xb8, 20, 0, 0, 0], // 1: mov eax, 20
  ...[0xcd, 0x80], //            int 0x80
  ...[0xff, 0xcd], //            dec ebp
  ...[0x75, 0xf5], //            jnz 1b
  ...[0xbd, 10, 0, 0, 0], //     mov ebp, 10
  ...[0xb8, 6, 0, 0, 0], //  2: mov eax, 6
  ...[0xbb, 0xe7, 3, 0, 0], //   mov ebx, 999
  ...[0xcd, 0x80], //            int 0x80
  ...[0xff, 0xcd], //            dec ebp
  ...[0x75, 0xf0], //            jnz 2b
  ...[0xb8, 60, 0, 0, 0], //     mov eax, 60
  ...[0x31, 0xff], //            xor edi, edi
  ...[0x0f, 0x05], //            syscall
);

const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const BASE = 0x400000;
/** Where a program's code begins, with what it has behind it. */
export const CODE_ADDRESS: number = BASE + ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES;

/**
 * Writes the program into a folder that goes with the test: there is no compiler in the guests. Undefined where it does
 * not run: on another architecture, or where the kernel takes no 32-bit calls.
 */
export function compatProgram(code: Uint8Array = countedCalls): string | undefined {
  if (process.arch !== "x64") return undefined;
  const folder = mkdtempSync(join(tmpdir(), "skep-program-"));
  after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, "compat");
  writeFileSync(program, elfFile(code), { mode: 0o755 });
  return spawnSync(program).status === 0 ? program : undefined;
}

/** The smallest executable: two headers, and the code behind them, in one segment. */
function elfFile(code: Uint8Array): Uint8Array {
  const start = ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES;
  const bytes = new Uint8Array(start + code.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // "\x7fELF", 64 bits, little-endian
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, 62, true); // EM_X86_64
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(CODE_ADDRESS), true);
  view.setBigUint64(32, BigInt(ELF_HEADER_BYTES), true);
  view.setUint16(52, ELF_HEADER_BYTES, true);
  view.setUint16(54, PROGRAM_HEADER_BYTES, true);
  view.setUint16(56, 1, true);
  view.setUint32(ELF_HEADER_BYTES, 1, true); // PT_LOAD
  view.setUint32(ELF_HEADER_BYTES + 4, 5, true); // read, execute
  view.setBigUint64(ELF_HEADER_BYTES + 16, BigInt(BASE), true);
  view.setBigUint64(ELF_HEADER_BYTES + 24, BigInt(BASE), true);
  view.setBigUint64(ELF_HEADER_BYTES + 32, BigInt(bytes.length), true);
  view.setBigUint64(ELF_HEADER_BYTES + 40, BigInt(bytes.length), true);
  view.setBigUint64(ELF_HEADER_BYTES + 48, 0x1000n, true);
  bytes.set(code, start);
  return bytes;
}

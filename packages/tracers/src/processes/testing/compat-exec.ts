import { CODE_ADDRESS } from "../../syscalls/testing/compat-program.ts";

export const MISSING_PROGRAM = "/no/such/program";
export const ARGUMENT = "argument";

/**
 * x86-64 code that tries to run what is not there by the 32-bit execve (11) and execveat (358). Before, it fails in a
 * 64-bit call of number 11, which is munmap.
 */
export function compatExecCode(): Uint8Array {
  const instructions = (path: number, pointers: number): number[] => [
    ...[0xb8, ...bytesOf(11)], //       mov eax, 11
    ...[0xbf, ...bytesOf(1)], //        mov edi, 1: not the beginning of a page
    ...[0x0f, 0x05], //                 syscall
    ...[0xb8, ...bytesOf(11)], //       mov eax, 11
    ...[0xbb, ...bytesOf(path)], //     mov ebx, path
    ...[0xb9, ...bytesOf(pointers)], // mov ecx, pointers
    ...[0x31, 0xd2], //                 xor edx, edx
    ...[0xcd, 0x80], //                 int 0x80
    ...[0xb8, ...bytesOf(358)], //      mov eax, 358
    ...[0xbb, ...bytesOf(-100)], //     mov ebx, AT_FDCWD
    ...[0xb9, ...bytesOf(path)], //     mov ecx, path
    ...[0xba, ...bytesOf(pointers)], // mov edx, pointers
    ...[0x31, 0xf6], //                 xor esi, esi
    ...[0x31, 0xff], //                 xor edi, edi
    ...[0xcd, 0x80], //                 int 0x80
    ...[0xb8, ...bytesOf(60)], //       mov eax, 60
    ...[0x31, 0xff], //                 xor edi, edi
    ...[0x0f, 0x05], //                 syscall
  ];
  const path = CODE_ADDRESS + instructions(0, 0).length;
  const argument = path + MISSING_PROGRAM.length + 1;
  const pointers = argument + ARGUMENT.length + 1;
  return Uint8Array.of(
    ...instructions(path, pointers),
    ...new TextEncoder().encode(`${MISSING_PROGRAM}\0${ARGUMENT}\0`),
    // 32-bit pointers
    ...[path, argument, 0].flatMap(bytesOf),
  );
}

/** A 32-bit number, little-endian. */
function bytesOf(value: number): number[] {
  return [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 0xff);
}

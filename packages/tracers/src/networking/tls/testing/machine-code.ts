import type { Program } from "@skep/ebpf";
import { defaultSys } from "@skep/ebpf/sys";

/** BPF_OBJ_GET_INFO_BY_FD */
const GET_INFORMATION = 15;
/** In `struct bpf_prog_info` and in `union bpf_attr`. */
const INFORMATION_BYTES = 224;
const [CODE_BYTES_AT, CODE_AT] = [16, 24];

/** What the kernel has compiled a program to, with all functions that it calls. */
export function machineCode(program: Program): Buffer {
  const code = Buffer.alloc(program.info().jitedSizeBytes);
  const information = Buffer.alloc(INFORMATION_BYTES);
  information.writeUInt32LE(code.length, CODE_BYTES_AT);
  information.writeBigUInt64LE(defaultSys().address(code), CODE_AT);
  const attributes = Buffer.alloc(16);
  attributes.writeUInt32LE(program.fd, 0);
  attributes.writeUInt32LE(information.length, 4);
  attributes.writeBigUInt64LE(defaultSys().address(information), 8);
  const result = defaultSys().bpf(GET_INFORMATION, attributes);
  // It says how much there is; what it does not hand out (sysctl kernel.kptr_restrict) is left empty.
  if (result < 0 || code.every((byte) => byte === 0)) throw new Error(`no machine code of ${program.name}: ${result}`);
  return code;
}

/** `add r9, gs:[...]`: how the JIT compiler of x86 finds a private stack (emit_priv_frame_ptr(), arch/x86/net). */
const PRIVATE_STACK = Buffer.from([0x65, 0x4c, 0x03, 0x0c, 0x25]);

/** Of a program and the functions that it calls, whether any has one stack for each CPU, instead of the task's. x86 alone. */
export function hasPrivateStack(program: Program): boolean {
  return machineCode(program).includes(PRIVATE_STACK);
}

import { objectInformation } from "../sys/bpf.ts";
import { failure } from "../sys/failure.ts";
import type { Sys } from "../sys/sys.ts";

/** Offsets in `struct bpf_prog_info`. */
const OFFSETS = {
  type: 0,
  id: 4,
  jitedSizeBytes: 16,
  translatedSizeBytes: 20,
  loadTimeNs: 40,
  runTimeNs: 192,
  runCount: 200,
  recursionMisses: 208,
  verifiedInstructions: 216,
} as const;
const SIZE_BYTES = 224;

export interface ProgramInformation {
  /** Number by which `bpftool prog show id` finds it. */
  readonly id: number;
  readonly type: number;
  /** Machine code; 0 without the JIT compiler. */
  readonly jitedSizeBytes: number;
  /** Instructions after verification. */
  readonly translatedSizeBytes: number;
  /** Total time in the program, while statistics were enabled. */
  readonly runTimeNs: bigint;
  readonly runCount: bigint;
  /** Runs left out since the program ran already on that CPU (5.12); 0 before. */
  readonly recursionMisses: bigint;
  /** Instructions the verifier went through (5.16); 0 before. */
  readonly verifiedInstructions: number;
}

export function readProgramInformation(sys: Sys, fd: number, name: string): ProgramInformation {
  const bytes = new Uint8Array(SIZE_BYTES);
  const result = objectInformation(sys, fd, bytes);
  if (result < 0) throw failure(result, "bpf(BPF_OBJ_GET_INFO_BY_FD)", `reading the state of program "${name}"`);
  const view = new DataView(bytes.buffer);
  return {
    id: view.getUint32(OFFSETS.id, true),
    type: view.getUint32(OFFSETS.type, true),
    jitedSizeBytes: view.getUint32(OFFSETS.jitedSizeBytes, true),
    translatedSizeBytes: view.getUint32(OFFSETS.translatedSizeBytes, true),
    runTimeNs: view.getBigUint64(OFFSETS.runTimeNs, true),
    runCount: view.getBigUint64(OFFSETS.runCount, true),
    recursionMisses: view.getBigUint64(OFFSETS.recursionMisses, true),
    verifiedInstructions: view.getUint32(OFFSETS.verifiedInstructions, true),
  };
}

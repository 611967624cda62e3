import type { Btf } from "../btf/btf.ts";
import type { PoisonedInstruction } from "../btf/core-relocation.ts";
import { type BpfErrorDetails, type SourceLocation, VerifierError } from "../errors.ts";
import type { FunctionInfo, LineInfo, ProgramSpec } from "../loader/spec.ts";
import { parseVerifierLog } from "../loader/verifier-log.ts";
import { type ProgramLoadOptions, type ProgramLoadResult, programLoad } from "../sys/bpf.ts";
import { Errno, errnoName, failure } from "../sys/failure.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import { retryWithMemoryLockAsync } from "../sys/memory-lock.ts";
import type { Sys } from "../sys/sys.ts";

/** A signal that arrives while the kernel verifies ends it with EAGAIN; Node.js' profiler sends many. */
const MAX_INTERRUPTED_LOADS = 10;
const FIRST_LOG_SIZE_BYTES = 64 * 1024;
/** Upper limit of the kernel for a log: UINT_MAX >> 2 (bpf_verifier_log_attr_valid); ours keeps the process small. */
const MAX_LOG_SIZE_BYTES = 16 * 1024 * 1024;
const LOG_LEVEL_INSTRUCTIONS = 1;

export interface LoadContext {
  readonly sys: Sys;
  readonly license: string;
  /** The object's BTF in the kernel and here; undefined for objects without it. */
  readonly btf: { readonly fd: number; readonly types: Btf } | undefined;
  /** Where the program attaches to, for types that say so at load. */
  readonly attachBtfId: number;
  readonly attachBtfObjectFd: number;
  /** Relocations that found nothing, to explain a refusal by. */
  readonly poisoned: readonly PoisonedInstruction[];
}

/**
 * Loads relocated, patched instructions.
 *
 * The verifier writes no log at first, since that costs it time; only a refused program is tried again with one.
 *
 * @throws {VerifierError} when the kernel refuses the program for what it does
 * @throws {BpfError} when it refuses to load any such program
 */
export async function loadProgram(
  spec: ProgramSpec,
  instructions: Uint8Array,
  context: LoadContext,
): Promise<FileDescriptor> {
  const { sys } = context;
  const options: ProgramLoadOptions = {
    name: spec.name,
    type: spec.type,
    expectedAttachType: spec.expectedAttachType,
    flags: spec.flags,
    license: context.license,
    instructions,
    attachBtfId: context.attachBtfId,
    attachBtfObjectFd: context.attachBtfObjectFd,
    btf:
      context.btf === undefined || spec.functions.length === 0
        ? undefined
        : { fd: context.btf.fd, functions: encodeFunctions(spec.functions), lines: encodeLines(spec.lines) },
  };
  const action = `loading program "${spec.name}"`;
  const first = await retryWithMemoryLockAsync(sys, () =>
    untilNotInterrupted(() => programLoad(sys, options, undefined)),
  );
  if (first.result >= 0) return FileDescriptor.own(sys, first.result, "bpf(BPF_PROG_LOAD)", action);

  const { result, log } = await loadWithLog(sys, options);
  // The second try may succeed where the first failed for want of memory.
  if (result >= 0) return FileDescriptor.own(sys, result, "bpf(BPF_PROG_LOAD)", action);
  if (log === "") throw failure(result, "bpf(BPF_PROG_LOAD)", action);
  throw verifierError(result, log, spec, context);
}

async function loadWithLog(sys: Sys, options: ProgramLoadOptions): Promise<{ result: number; log: string }> {
  for (let sizeBytes = FIRST_LOG_SIZE_BYTES; ; ) {
    const bytes = new Uint8Array(sizeBytes);
    const log = { level: LOG_LEVEL_INSTRUCTIONS, bytes };
    const { result, logTrueSizeBytes } = await untilNotInterrupted(() => programLoad(sys, options, log));
    if (result === -Errno.ENOSPC && sizeBytes < MAX_LOG_SIZE_BYTES) {
      sizeBytes = Math.min(Math.max(logTrueSizeBytes, sizeBytes * 4), MAX_LOG_SIZE_BYTES);
      continue;
    }
    const end = bytes.indexOf(0);
    return { result, log: new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end)).trimEnd() };
  }
}

async function untilNotInterrupted(attempt: () => Promise<ProgramLoadResult>): Promise<ProgramLoadResult> {
  for (let attempts = 1; ; attempts++) {
    const outcome = await attempt();
    if (outcome.result !== -Errno.EAGAIN || attempts === MAX_INTERRUPTED_LOADS) return outcome;
  }
}

function verifierError(result: number, log: string, spec: ProgramSpec, context: LoadContext): VerifierError {
  const report = parseVerifierLog(log);
  const source =
    report.instructionIndex === undefined
      ? undefined
      : sourceOf(spec.lines, report.instructionIndex, context.btf?.types);
  const where = source === undefined ? "" : ` (${source.fileName}:${source.lineNumber}: ${source.text})`;
  const missing = context.poisoned.find(({ instructionIndex }) => instructionIndex === report.instructionIndex);
  const reason =
    missing === undefined ? report.reason : `this kernel has no ${missing.wanted}, which the program needs here`;
  const hint = missing === undefined ? report.suggestion : nearestHint(missing);
  const details: BpfErrorDetails = {
    syscall: "bpf(BPF_PROG_LOAD)",
    errno: -result,
    errnoName: errnoName(result),
    ...(hint === undefined ? {} : { hint }),
  };
  return new VerifierError(
    `the kernel's verifier refused program "${spec.name}": ${reason ?? errnoName(result)}${where}`,
    {
      ...details,
      programName: spec.name,
      log,
      reason: report.reason,
      instructionIndex: report.instructionIndex,
      source,
    },
  );
}

function nearestHint(missing: PoisonedInstruction): string | undefined {
  const names = missing.nearest();
  return names.length === 0 ? undefined : `the nearest names in this kernel: ${names.join(", ")}`;
}

/** The last line record at or before an instruction. */
function sourceOf(lines: readonly LineInfo[], index: number, types: Btf | undefined): SourceLocation | undefined {
  if (types === undefined) return undefined;
  const line = lines.findLast(({ instructionIndex }) => instructionIndex <= index);
  if (line === undefined) return undefined;
  return {
    fileName: types.string(line.fileNameOffset),
    lineNumber: line.lineNumber,
    text: types.string(line.lineOffset).trim(),
  };
}

/** `struct bpf_func_info`: u32 insn_off, u32 type_id. */
function encodeFunctions(functions: readonly FunctionInfo[]): Uint8Array {
  const words = functions.flatMap(({ instructionIndex, typeId }) => [instructionIndex, typeId]);
  return new Uint8Array(Uint32Array.from(words).buffer);
}

/** `struct bpf_line_info`: u32 insn_off, file_name_off, line_off, and line number << 10 | column. */
function encodeLines(lines: readonly LineInfo[]): Uint8Array {
  const words = lines.flatMap(({ instructionIndex, fileNameOffset, lineOffset, lineNumber, columnNumber }) => [
    instructionIndex,
    fileNameOffset,
    lineOffset,
    (lineNumber << 10) | columnNumber,
  ]);
  return new Uint8Array(Uint32Array.from(words).buffer);
}

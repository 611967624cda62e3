/** What the kernel's verifier says, taken apart. Pure. */

export interface VerifierReport {
  /** The kernel's own words for why it refused the program: `R1 invalid mem access 'scalar'`. */
  readonly reason: string | undefined;
  /** The instruction that it refused, counted as the kernel does: 64-bit immediates are two. */
  readonly instructionIndex: number | undefined;
  /** What to do about it, in the kernel's words (7.3). */
  readonly suggestion: string | undefined;
}

/** Lines that are about the work done, at the end of the log. */
const STATISTICS = /^(processed \d+ insns|verification time |stack depth |max_states_per_insn |insns processed )/;
const INSTRUCTION = /^(\d+): \([0-9a-f]{2}\) /;
/** A state: `3: R1_w=scalar() R10=fp0`, `from 12 to 15: R0=0`, or in the older form ` R1=ctx(id=0,off=0,imm=0)`. */
const STATE = /^(\d+: R\d+|from \d+ to \d+|\s+(?:R\d|fp-))/;
const SOURCE = /^; /;
const NOTE =
  /^(func#\d+ @\d+|Live regs before|last_idx |mark_precise|regs=|parent |Func#\d+ |Validating |caller:|callee:|returning from callee)/;

/** Kernels write one line of reason at the end; from 7.3 on a report of several blocks follows it. */
export function parseVerifierLog(log: string): VerifierReport {
  const lines = log.replaceAll("\0", "").split("\n");
  const report = lines.findIndex((line) => line.startsWith("Verification failed: "));
  return report < 0 ? parseLines(lines) : parseBlocks(lines, report);
}

function parseLines(lines: readonly string[]): VerifierReport {
  let instructionIndex: number | undefined;
  let reason: string | undefined;
  for (const line of lines) {
    const instruction = INSTRUCTION.exec(line);
    if (instruction?.[1] !== undefined) instructionIndex = Number(instruction[1]);
    else if (isReason(line)) reason = line.trim();
  }
  return { reason, instructionIndex, suggestion: undefined };
}

function isReason(line: string): boolean {
  return line.trim() !== "" && ![STATISTICS, STATE, SOURCE, NOTE].some((pattern) => pattern.test(line));
}

/**
 * ```
 * Verification failed: Register Type Safety: Unreadable register
 *
 * Reason:
 *   R0 has never been initialized on this path, ...
 *
 * At:
 *   insn 0
 * ...
 * Suggestion:
 *   Initialize R0 on every path before this instruction.
 * ```
 */
function parseBlocks(lines: readonly string[], start: number): VerifierReport {
  const blocks = new Map<string, string[]>();
  let block: string[] | undefined;
  for (const line of lines.slice(start + 1)) {
    if (/^\S.*:$/.test(line)) {
      block = [];
      blocks.set(line.slice(0, -1), block);
    } else if (line.startsWith(" ")) {
      block?.push(line.trim());
    } else if (line !== "") {
      block = undefined;
    }
  }
  const at = /^insn (\d+)/.exec(blocks.get("At")?.[0] ?? "")?.[1];
  const before = parseLines(lines.slice(0, start));
  return {
    reason: blocks.get("Reason")?.join(" ") ?? before.reason ?? lines[start],
    instructionIndex: at === undefined ? before.instructionIndex : Number(at),
    suggestion: blocks.get("Suggestion")?.join(" "),
  };
}

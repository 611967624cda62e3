import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseVerifierLog } from "./verifier-log.ts";

/** Logs as kernels wrote them, shortened. */
const LOGS: readonly {
  readonly name: string;
  readonly log: string;
  readonly reason: string | undefined;
  readonly instructionIndex: number | undefined;
  readonly suggestion?: string;
}[] = [
  {
    name: "5.10",
    log: `Unrecognized arg#0 type PTR
0: (b7) r1 = 0
1: (63) *(u32 *)(r10 -4) = r1
last_idx 1 first_idx 0
regs=2 stack=0 before 0: (b7) r1 = 0
2: (bf) r2 = r10
5: (85) call bpf_map_lookup_elem#1
6: (79) r0 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 6 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
    reason: "R0 invalid mem access 'map_value_or_null'",
    instructionIndex: 6,
  },
  {
    name: "6.18, with source lines and states",
    log: `0: R1=ctx() R10=fp0
; __u32 zero = 0; @ refused.bpf.c:20
0: (b7) r1 = 0                        ; R1=0
1: (63) *(u32 *)(r10 -4) = r1         ; R1=0 R10=fp0 fp-8=0000????
; return *number > 7; @ refused.bpf.c:23
7: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
verification time 120 usec
stack depth 8
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
    reason: "R0 invalid mem access 'map_value_or_null'",
    instructionIndex: 7,
  },
  {
    name: "a program that is refused before it is walked",
    log: "unreachable insn 3\nprocessed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
    reason: "unreachable insn 3",
    instructionIndex: undefined,
  },
  {
    name: "a poisoned instruction",
    log: `0: R1=ctx() R10=fp0
; return BPF_CORE_READ(task, no_such_member); @ refused.bpf.c:37
5: <invalid CO-RE relocation>
5: (85) call unknown#195896080
invalid func unknown#195896080
processed 5 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
    reason: "invalid func unknown#195896080",
    instructionIndex: 5,
  },
  {
    name: "7.3, which adds a report in blocks",
    log: `0: R1=ctx() R10=fp0
0: (95) exit
R0 !read_ok

Verification failed: Register Type Safety: Unreadable register

Reason:
  R0 has never been initialized on this path, so the verifier cannot use it
  as an input.

At:
  insn 0
        | ^-- error: R0 is not readable
  Instruction context:
  >>> 0 | (95) exit

Causal path:
  no retained diagnostic events on this path

Suggestion:
  Initialize R0 on every path before this instruction.

processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
    reason: "R0 has never been initialized on this path, so the verifier cannot use it as an input.",
    instructionIndex: 0,
    suggestion: "Initialize R0 on every path before this instruction.",
  },
  {
    name: "7.3, cut off behind the headline",
    log: "12: (95) exit\nR0 !read_ok\n\nVerification failed: Register Type Safety: Unreadable register\n",
    reason: "R0 !read_ok",
    instructionIndex: 12,
  },
  { name: "no log", log: "", reason: undefined, instructionIndex: undefined },
];

for (const { name, log, ...expected } of LOGS) {
  test(`reason and place of ${name}`, () => {
    assert.deepEqual(parseVerifierLog(log), { suggestion: undefined, ...expected });
  });
}

test("anything else is read without a failure", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom(...LOGS.flatMap(({ log }) => log.split("\n"))))),
      (lines) => {
        parseVerifierLog(lines.join("\n"));
      },
    ),
  );
});

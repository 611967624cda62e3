import assert from "node:assert/strict";
import { test } from "node:test";
import { type Btf, BtfKind } from "@skep/ebpf/btf";
import { DropReasons, isNoDrop, isUnspecified } from "./drop-reasons.ts";

/** A kernel with these enums. */
function kernelWith(
  enums: Readonly<Record<string, Readonly<Record<string, number>>>>,
): Pick<Btf, "findByName" | "type"> {
  const names = Object.keys(enums);
  return {
    findByName: (name) => (names.includes(name) ? names.indexOf(name) + 1 : undefined),
    type: (id) => ({
      kind: BtfKind.enum,
      name: names[id - 1] ?? "",
      sizeBytes: 4,
      signed: false,
      values: Object.entries(enums[names[id - 1] ?? ""] ?? {}).map(([name, value]) => ({ name, value: BigInt(value) })),
    }),
  };
}

const reasons = DropReasons.of(
  kernelWith({
    skb_drop_reason: {
      SKB_NOT_DROPPED_YET: 0,
      SKB_CONSUMED: 1,
      SKB_DROP_REASON_NOT_SPECIFIED: 2,
      SKB_DROP_REASON_NO_SOCKET: 3,
      SKB_DROP_REASON_MAX: 4,
      SKB_DROP_REASON_SUBSYS_MASK: 0xffff0000,
    },
    qdisc_drop_reason: { QDISC_DROP_UNSPEC: 0, __QDISC_DROP_REASON: 0x30000, QDISC_DROP_OVERLIMIT: 0x30002 },
  }),
);

test("reasons have the names that the kernel gives them", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 0x30002].map((reason) => reasons.name(reason)),
    ["NOT_DROPPED_YET", "CONSUMED", "NOT_SPECIFIED", "NO_SOCKET", "QDISC_DROP_OVERLIMIT"],
  );
});

test("limits and masks are none, and what has no name is a number", () => {
  assert.deepEqual(
    [4, 0xffff0000, 0x30000, 0x10005].map((reason) => reasons.name(reason)),
    ["0x4", "0xffff0000", "0x30000", "0x10005"],
  );
});

test("a kernel without reasons says so", () => {
  assert.equal(DropReasons.of(kernelWith({})).name(0xffff_ffff), "not specified by this kernel");
});

test("what says nothing is told apart", () => {
  const names = [0, 1, 2, 3].map((reason) => reasons.name(reason));
  assert.deepEqual(names.map(isNoDrop), [true, true, false, false]);
  assert.deepEqual(names.map(isUnspecified), [false, false, true, false]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/types.ts";
import { Errno } from "../sys/failure.ts";
import { AttachType, BpfCommand, ProgramType } from "../sys/uapi.ts";
import { BtfBuilder } from "../testing/btf-builder.ts";
import { FakeSys } from "../testing/fake-sys.ts";
import { findAttachTarget, needsAttachTarget } from "./attach-target.ts";
import type { KernelTypes } from "./kernel-btf.ts";
import type { ProgramSpec } from "./spec.ts";

const kernel = new BtfBuilder();
const prototype = kernel.add("", BtfKind.functionPrototype, 0, 0);
const IDS = {
  tracepoint: kernel.add("btf_trace_sched_switch", BtfKind.typedef, 0, prototype),
  function: kernel.add("do_unlinkat", BtfKind.function, 0, prototype),
  iterator: kernel.add("bpf_iter_task", BtfKind.function, 0, prototype),
  hook: kernel.add("bpf_lsm_file_open", BtfKind.function, 0, prototype),
};
const vmlinux = Btf.parse(kernel.bytes());
const base = { typeCount: vmlinux.typeCount, stringBytes: vmlinux.stringBytes.length };
const module = new BtfBuilder({ base });
const moduleFunction = module.add("nf_conntrack_in", BtfKind.function, 0, prototype);
const other = new BtfBuilder({ base });
other.add("other", BtfKind.function, 0, prototype);

const types: KernelTypes = {
  vmlinux,
  modules: () =>
    new Map([
      ["other", Btf.parse(other.bytes(), vmlinux)],
      ["nf_conntrack", Btf.parse(module.bytes(), vmlinux)],
    ]),
};

function program(
  expectedAttachType: number,
  attachTo: string | undefined,
  type: number = ProgramType.TRACING,
): ProgramSpec {
  return {
    name: "p",
    sectionName: "section",
    type,
    expectedAttachType,
    attachTo,
    flags: 0,
    optional: false,
    instructions: new Uint8Array(0),
    mapReferences: [],
    coreRelocations: [],
    functions: [],
    lines: [],
  };
}

for (const { name, spec, btfId } of [
  { name: "a tracepoint", spec: program(AttachType.TRACE_RAW_TP, "sched_switch"), btfId: IDS.tracepoint },
  { name: "a function's entry", spec: program(AttachType.TRACE_FENTRY, "do_unlinkat"), btfId: IDS.function },
  { name: "a function's exit", spec: program(AttachType.TRACE_FEXIT, "do_unlinkat"), btfId: IDS.function },
  { name: "an iterator", spec: program(AttachType.TRACE_ITER, "task"), btfId: IDS.iterator },
  {
    name: "a security hook",
    spec: program(AttachType.LSM_MAC, "file_open", ProgramType.LSM),
    btfId: IDS.hook,
  },
]) {
  test(`${name} is found by the name that the kernel's types have for it`, () => {
    assert.equal(needsAttachTarget(spec), true);
    assert.deepEqual(findAttachTarget(new FakeSys(), spec, types), { btfId, moduleBtf: undefined });
  });
}

test("programs of other types need none", () => {
  for (const type of [ProgramType.KPROBE, ProgramType.TRACEPOINT, ProgramType.PERF_EVENT, ProgramType.XDP]) {
    assert.equal(needsAttachTarget(program(0, "x", type)), false);
    assert.equal(findAttachTarget(new FakeSys(), program(0, "x", type), types), undefined);
  }
});

for (const { name, spec, code, message } of [
  {
    name: "a tracepoint that is not there",
    spec: program(AttachType.TRACE_RAW_TP, "sched_swtch"),
    code: "not-found",
    message: 'this kernel has no tracepoint sched_swtch, which program "p" attaches to',
  },
  {
    name: "a function of another kind of type",
    spec: program(AttachType.TRACE_FENTRY, "btf_trace_sched_switch"),
    code: "not-found",
    message: 'this kernel has no function btf_trace_sched_switch, which program "p" attaches to',
  },
  {
    name: "no name",
    spec: program(AttachType.TRACE_FENTRY, undefined),
    code: "invalid-argument",
    message: 'section "section" of program "p" does not say which function it is for',
  },
]) {
  test(`${name} is an error`, () => {
    assert.throws(() => findAttachTarget(new FakeSys(), spec, types), { code, message });
  });
}

/** A kernel with BTF objects of these names, by id from 1 on; undefined for one that was unloaded meanwhile. */
function kernelWith(names: readonly (string | undefined)[]): FakeSys {
  const sys = new FakeSys();
  const ids = new Map<number, number>();
  const bpf = sys.bpf.bind(sys);
  sys.bpf = (command, bytes) => {
    const attributes = new DataView(bytes.buffer);
    switch (command) {
      case BpfCommand.BTF_GET_NEXT_ID: {
        const next = attributes.getUint32(0, true) + 1;
        if (next > names.length) return -Errno.ENOENT;
        attributes.setUint32(4, next, true);
        return 0;
      }
      case BpfCommand.BTF_GET_FD_BY_ID: {
        const id = attributes.getUint32(0, true);
        if (names[id - 1] === undefined) return -Errno.ENOENT;
        const fd = bpf(command, bytes);
        ids.set(fd, id);
        return fd;
      }
      case BpfCommand.OBJ_GET_INFO_BY_FD: {
        const information = sys.memoryAt(attributes.getBigUint64(8, true)) ?? assert.fail();
        const name = sys.memoryAt(new DataView(information.buffer).getBigUint64(16, true)) ?? assert.fail();
        name.set(Buffer.from(names[(ids.get(attributes.getUint32(0, true)) ?? 0) - 1] ?? ""));
        return 0;
      }
      default:
        return assert.fail(`command ${command}`);
    }
  };
  return sys;
}

test("a function of a module comes with the descriptor of the module's types, and no other stays open", () => {
  const sys = kernelWith(["vmlinux", undefined, "other", "nf_conntrack", "late"]);
  const target = findAttachTarget(sys, program(AttachType.TRACE_FENTRY, "nf_conntrack_in"), types);
  assert.equal(target?.btfId, moduleFunction);
  assert.deepEqual(sys.openFds, new Set([target?.moduleBtf?.fd]));
  target?.moduleBtf?.[Symbol.dispose]();
  assert.equal(sys.openFds.size, 0);
});

test("a module that was unloaded meanwhile is an error", () => {
  const sys = kernelWith(["vmlinux"]);
  assert.throws(() => findAttachTarget(sys, program(AttachType.TRACE_FENTRY, "nf_conntrack_in"), types), {
    code: "not-found",
    syscall: "bpf(BPF_BTF_GET_NEXT_ID)",
    message: "opening the types of module nf_conntrack failed: there is no such thing (ENOENT)",
  });
  assert.equal(sys.openFds.size, 0);
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeSys } from "../testing/fake-sys.ts";
import { Attributes, cString, kernelName } from "./attributes.ts";
import { mapCreate } from "./bpf.ts";
import { parseCpuList } from "./cpus.ts";
import { Errno } from "./failure.ts";
import { FileDescriptor } from "./file-descriptor.ts";
import { perfEventOpen } from "./perf-event.ts";
import { BpfCommand, MapType } from "./uapi.ts";

const ARRAY = { name: "a", type: MapType.ARRAY, keySizeBytes: 4, valueSizeBytes: 8, maxEntries: 1, flags: 0 };

describe("a descriptor", () => {
  for (const first of [0, 1, 2]) {
    test(`${first} is moved out of the way of the standard streams`, () => {
      const sys = new FakeSys({ firstFd: first });
      const descriptor = mapCreate(sys, ARRAY);
      assert.ok(descriptor.fd >= 3);
      assert.deepEqual(sys.openFds, new Set([descriptor.fd]));
      descriptor[Symbol.dispose]();
      descriptor[Symbol.dispose]();
      assert.equal(descriptor.fd, -1);
      assert.equal(descriptor.closed, true);
      assert.equal(sys.openFds.size, 0);
    });
  }

  test("that cannot be moved is closed", () => {
    const sys = new FakeSys({ firstFd: 0, respond: ({ name }) => (name === "duplicate" ? -Errno.EMFILE : undefined) });
    assert.throws(() => mapCreate(sys, ARRAY), { errnoName: "EMFILE", syscall: "fcntl(F_DUPFD_CLOEXEC)" });
    assert.equal(sys.openFds.size, 0);
  });

  test("is not made of an error", () => {
    assert.throws(() => FileDescriptor.own(new FakeSys(), -Errno.EIO, "open", "opening it"), {
      message: "opening it failed: open answered EIO",
    });
  });
});

describe("RLIMIT_MEMLOCK", () => {
  const kernel = (release: "5.10" | "5.11", raises = true): FakeSys => {
    let raised = false;
    return new FakeSys({
      respond: ({ name }) => {
        if (name === "raiseMemoryLock") {
          raised = raises;
          return raises ? 0 : -Errno.EPERM;
        }
        // The helper that the probe calls came with the same release as the other way of accounting.
        if (name === `bpf:${BpfCommand.PROG_LOAD}`) return release === "5.11" ? undefined : -Errno.EINVAL;
        return raised ? undefined : -Errno.EPERM;
      },
    });
  };

  test("is raised on kernels that charge maps to it, and the map is made", () => {
    const sys = kernel("5.10");
    using map = mapCreate(sys, ARRAY);
    assert.ok(map.fd >= 3);
    assert.deepEqual(sys.callNames, ["bpf:0", "bpf:5", "raiseMemoryLock", "bpf:0"]);
  });

  test("is left alone on others, where EPERM means something else", () => {
    const sys = kernel("5.11");
    assert.throws(() => mapCreate(sys, ARRAY), { errnoName: "EPERM" });
    assert.deepEqual(sys.callNames, ["bpf:0", "bpf:5"]);
    assert.equal(sys.openFds.size, 0);
  });

  test("may not be raised: the first answer stands", () => {
    const sys = kernel("5.10", false);
    assert.throws(() => mapCreate(sys, ARRAY), { errnoName: "EPERM", syscall: "bpf(BPF_MAP_CREATE)" });
    assert.deepEqual(sys.callNames, ["bpf:0", "bpf:5", "raiseMemoryLock"]);
  });
});

describe("attributes", () => {
  test("are no longer than the fields in use, so that older kernels accept them", () => {
    const sys = new FakeSys();
    using _ = mapCreate(sys, ARRAY);
    using __ = mapCreate(sys, { ...ARRAY, btf: { fd: 7, keyTypeId: 1, valueTypeId: 2 } });
    assert.deepEqual(
      sys.calls.map(({ attributes }) => attributes.byteLength),
      [48, 60],
    );
  });

  test("hold numbers, pointers and names where the kernel looks for them", () => {
    const sys = new FakeSys();
    const target = Uint8Array.of(1, 2, 3);
    const attributes = new Attributes(40)
      .u32(0, 0xffff_ffff)
      .u64(8, 1n << 63n)
      .pointer(sys, 16, target)
      .name(24, "map name!");
    const view = new DataView(attributes.bytes.buffer);
    assert.equal(view.getUint32(0, true), 0xffff_ffff);
    assert.equal(view.getBigUint64(8, true), 1n << 63n);
    assert.equal(sys.memoryAt(view.getBigUint64(16, true)), target);
    assert.equal(Buffer.from(attributes.bytes.subarray(24)).toString("latin1"), "mapname\0\0\0\0\0\0\0\0\0");
    attributes.pointer(sys, 16, new Uint8Array(0)).release();
    assert.equal(attributes.readU32(0), 0xffff_ffff);
  });

  for (const [name, expected] of [
    ["calls_by_pid", "calls_by_pid"],
    [".rodata.str1.1", ".rodata.str1.1"],
    ["a-b c/d", "abcd"],
    ["a_name_that_is_too_long_for_it", "a_name_that_is_"],
    ["größe", "gre"],
    ["", ""],
  ] as const) {
    test(`name "${name}" is known to the kernel as "${expected}"`, () => assert.equal(kernelName(name), expected));
  }

  test("C strings end with a NUL", () => assert.deepEqual(cString("ab"), Uint8Array.of(97, 98, 0)));
});

test("a perf event is asked for by the fields of perf_event_attr", () => {
  const sys = new FakeSys();
  const event = { type: 1, config: 0n, pid: 42, cpu: -1, excludeIdle: true, disabled: true, inherit: true };
  using _ = perfEventOpen(sys, { ...event, sampling: { frequencyHz: 99 } }, "opening it");
  using __ = perfEventOpen(
    sys,
    { ...event, sampling: { period: 5n }, excludeUser: true, excludeKernel: true, excludeHypervisor: true },
    "opening it",
  );
  const [frequency, period] = sys.calls.map(({ attributes }) => attributes);
  assert.equal(frequency?.getUint32(4, true), frequency?.byteLength);
  assert.equal(frequency?.getBigUint64(16, true), 99n);
  assert.equal(frequency?.getBigUint64(40, true), 0b100_1000_0011n);
  assert.equal(period?.getBigUint64(16, true), 5n);
  assert.equal(period?.getBigUint64(40, true), 0b1111_0011n);
  assert.deepEqual(sys.calls[0]?.arguments, [42, -1, -1, 8]);
});

for (const [text, expected] of [
  ["0\n", [0]],
  ["0-3\n", [0, 1, 2, 3]],
  ["0-1,4,6-7\n", [0, 1, 4, 6, 7]],
  ["\n", []],
] as const) {
  test(`CPU list ${JSON.stringify(text)}`, () => assert.deepEqual(parseCpuList(text), expected));
}

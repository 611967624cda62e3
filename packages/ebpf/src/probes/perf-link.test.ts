import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Errno } from "../sys/failure.ts";
import { BpfCommand, PerfIoctl, PerfSoftware, PerfType } from "../sys/uapi.ts";
import { FakeSys, failingAt } from "../testing/fake-sys.ts";
import { attachPerfEvent } from "./perf-event.ts";

const PROGRAM = { name: "p", fd: 7 };
const CLOCK = { type: PerfType.SOFTWARE, config: PerfSoftware.CPU_CLOCK, frequencyHz: 99, cpu: 0 };
const LINK_CREATE = `bpf:${BpfCommand.LINK_CREATE}`;

/** Kernels before 5.15 have no links for perf events. */
const oldKernel = (): FakeSys =>
  new FakeSys({ respond: ({ name }) => (name === LINK_CREATE ? -Errno.EINVAL : undefined) });

describe("a program is attached to a perf event", () => {
  test("by a link, and closed with it", () => {
    const sys = new FakeSys();
    const link = attachPerfEvent(PROGRAM, { ...CLOCK, sys });
    assert.equal(link.mechanism, "bpf_link");
    assert.deepEqual(sys.callNames, ["perfEventOpen", LINK_CREATE, "ioctl"]);
    assert.deepEqual(sys.calls[2]?.arguments.slice(1), [PerfIoctl.ENABLE, 0]);
    assert.equal(sys.openFds.size, 2);
    assert.ok(sys.openFds.has(link.fd));
    link[Symbol.dispose]();
    assert.equal(sys.openFds.size, 0);
    assert.equal(link.fd, -1);
  });

  test("by an ioctl on kernels without such links", () => {
    const sys = oldKernel();
    const link = attachPerfEvent(PROGRAM, { ...CLOCK, sys });
    assert.equal(link.mechanism, "ioctl");
    assert.deepEqual(
      sys.calls.slice(2).map(({ arguments: [, request, argument] }) => [request, argument]),
      [
        [PerfIoctl.SET_BPF, PROGRAM.fd],
        [PerfIoctl.ENABLE, 0],
      ],
    );
    link[Symbol.dispose]();
    assert.equal(sys.openFds.size, 0);
  });

  test("with a cookie by a link alone", () => {
    const sys = new FakeSys();
    using link = attachPerfEvent(PROGRAM, { ...CLOCK, sys, cookie: 5n });
    assert.equal(link.mechanism, "bpf_link");
    assert.equal(sys.calls[1]?.attributes.getBigUint64(16, true), 5n);
    const old = oldKernel();
    assert.throws(() => attachPerfEvent(PROGRAM, { ...CLOCK, sys: old, cookie: 5n }), {
      errnoName: "EINVAL",
      syscall: "bpf(BPF_LINK_CREATE)",
    });
    assert.equal(old.openFds.size, 0);
  });

  for (const call of [0, 1, 2]) {
    test(`and nothing stays open when call ${call} fails`, () => {
      const sys = new FakeSys(failingAt(call));
      assert.throws(() => attachPerfEvent(PROGRAM, { ...CLOCK, sys }), { errnoName: "EIO" });
      assert.equal(sys.openFds.size, 0);
    });
  }

  test("and nothing stays open when the ioctl fails", () => {
    const sys = new FakeSys({
      respond: ({ name }) => (name === LINK_CREATE || name === "ioctl" ? -Errno.EINVAL : undefined),
    });
    assert.throws(() => attachPerfEvent(PROGRAM, { ...CLOCK, sys }), { syscall: "ioctl(PERF_EVENT_IOC_SET_BPF)" });
    assert.equal(sys.openFds.size, 0);
  });
});

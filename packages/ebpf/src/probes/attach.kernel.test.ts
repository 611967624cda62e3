import assert from "node:assert/strict";
import { openSync, readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, test } from "node:test";
import { BpfError } from "../errors.ts";
import { probeFeature } from "../features/features.ts";
import { Collection } from "../loader/collection.ts";
import { onlineCpus } from "../sys/cpus.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import { PerfSoftware, PerfType } from "../sys/uapi.ts";
import { callGetppid, GETPPID_NUMBER, testObject } from "../testing/objects.ts";
import { attach } from "./attach.ts";
import { attachIterator, readIterator } from "./iterator.ts";
import { attachKprobe } from "./kprobe.ts";
import type { Link } from "./link.ts";
import { attachPerfEvent } from "./perf-event.ts";
import { attachTracepoint } from "./tracepoint.ts";
import { attachUprobe } from "./uprobe.ts";
import { attachUprobeMulti } from "./uprobe-multi.ts";
import { functionFileOffset } from "./uprobe-target.ts";

/** Order of `enum hook` in attach.bpf.c. */
const HOOKS = [
  "tracepoint",
  "raw tracepoint",
  "tp_btf",
  "kprobe",
  "kretprobe",
  "fentry",
  "fexit",
  "uprobe",
  "uretprobe",
  "perf event",
  "iterator",
  "uprobe.multi",
] as const;

const LIBC = libcPath();
const PPID_FUNCTION = process.arch === "arm64" ? "__arm64_sys_getppid" : "__x64_sys_getppid";

/** The C library that this process has mapped. */
function libcPath(): string {
  const line = readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .find((mapping) => /\/(libc\.so\.6|libc-[\d.]+\.so|ld-musl-[^/]*|libc\.musl-[^/]*)$/.test(mapping));
  return line?.slice(line.indexOf("/")) ?? assert.fail("no C library is mapped");
}

/** Loads the programs named, and their like by default. */
function load(...optional: string[]): Promise<Collection> {
  return Collection.load(testObject("attach"), {
    globals: { target_pid: process.pid, syscall_number: GETPPID_NUMBER },
    programs: (program) => !program.optional || optional.includes(program.name),
  });
}

let collection: Collection;
beforeEach(async () => {
  collection = await load();
});
afterEach(() => collection[Symbol.dispose]());

function hits(hook: (typeof HOOKS)[number]): number {
  return Number(collection.globals.get<bigint[]>("hits")[HOOKS.indexOf(hook)]);
}

describe("attached by its section, a program runs at", () => {
  for (const [hook, name] of [
    ["tracepoint", "on_tracepoint"],
    ["raw tracepoint", "on_raw_tracepoint"],
    ["tp_btf", "on_tp_btf"],
  ] as const) {
    test(`each hit of a ${hook}, until its link is disposed of`, () => {
      const program = collection.programs.get(name);
      const link = program.attach();
      callGetppid(1000);
      const hitsWhileAttached = hits(hook);
      // From 7.0 on the kernel leaves a program out where another task is preempted in the middle of it, and counts that.
      const missed = 1000 - hitsWhileAttached;
      assert.ok(missed >= 0 && missed <= Number(program.info().recursionMisses), `${missed} hits are missing`);
      link[Symbol.dispose]();
      callGetppid(1000);
      assert.equal(hits(hook), hitsWhileAttached);
      link[Symbol.dispose]();
    });
  }

  test("each hit, until the program is disposed of", () => {
    collection.programs.get("on_raw_tracepoint").attach();
    callGetppid(3);
    collection.programs.get("on_raw_tracepoint")[Symbol.dispose]();
    callGetppid(3);
    assert.equal(hits("raw tracepoint"), 3);
  });
});

describe("sections of probes", () => {
  /** Attaches a program as if its section were another. */
  const attachAs = (name: string, sectionName: string): Link => {
    const program = collection.programs.get(name);
    const slash = sectionName.indexOf("/");
    const attachTo = slash < 0 ? undefined : sectionName.slice(slash + 1);
    return attach(program, { ...program.hook, sectionName, attachTo }, {});
  };

  test("name a file and a function of it", () => {
    using _ = attachAs("on_uprobe", `uprobe/${LIBC}:getppid`);
    using __ = attachAs("on_uretprobe", `uretprobe/${LIBC}:getppid`);
    callGetppid(10);
    assert.equal(hits("uprobe"), 10);
    assert.equal(hits("uretprobe"), 10);
  });

  test("name a kernel function", (context) => {
    const kprobes = probeFeature("kprobe");
    if (!kprobes.supported) return context.skip(kprobes.reason);
    using _ = attachAs("on_kprobe", `kprobe/${PPID_FUNCTION}+0`);
    using __ = attachAs("on_kretprobe", `kretprobe/${PPID_FUNCTION}`);
    callGetppid(10);
    assert.equal(hits("kprobe"), 10);
    assert.equal(hits("kretprobe"), 10);
  });

  for (const { program, section, syntax } of [
    { program: "on_uprobe", section: "uprobe", syntax: "uprobe/PATH:FUNCTION" },
    { program: "on_uprobe", section: "uprobe//lib/libc.so", syntax: "uprobe/PATH:FUNCTION" },
    { program: "on_kprobe", section: "kprobe", syntax: "kprobe/FUNCTION" },
    { program: "on_kprobe", section: "usdt", syntax: "kprobe/FUNCTION or uprobe/PATH:FUNCTION" },
    { program: "on_tracepoint", section: "tracepoint/sched", syntax: "tracepoint/CATEGORY/NAME" },
    { program: "on_raw_tracepoint", section: "raw_tp", syntax: "raw_tp/NAME" },
  ]) {
    test(`say too little: ${section}`, () => {
      assert.throws(() => attachAs(program, section), {
        code: "invalid-argument",
        message: `section "${section}" of program "${program}" does not say what to attach to`,
        hint: `name the section ${syntax}, or attach it with the function for its kind`,
      });
    });
  }

  test("name a raw tracepoint that is not there", () => {
    assert.throws(() => attachAs("on_raw_tracepoint", "raw_tp/no_such"), {
      code: "not-found",
      message: "this kernel has no raw tracepoint no_such",
    });
  });
});

describe("a uprobe", () => {
  test("runs at the function of a library, by name", () => {
    using link = attachUprobe(collection.programs.get("on_uprobe"), {
      path: LIBC,
      symbol: "getppid",
      pid: process.pid,
    });
    callGetppid(100);
    assert.equal(hits("uprobe"), 100);
    assert.equal(link.mechanism, probeFeature("perf-link").supported ? "bpf_link" : "ioctl");
  });

  test("runs at its return, in all processes", () => {
    using _ = attachUprobe(collection.programs.get("on_uretprobe"), { path: LIBC, symbol: "getppid", return: true });
    callGetppid(100);
    assert.equal(hits("uretprobe"), 100);
  });

  test("tells which one it is by a cookie", async (context) => {
    const cookies = probeFeature("perf-link");
    if (!cookies.supported) return context.skip(cookies.reason);
    using withCookie = await load("on_cookie");
    using _ = attachUprobe(withCookie.programs.get("on_cookie"), {
      path: LIBC,
      symbol: "getppid",
      cookie: 0x1234_5678_9abc_def0n,
    });
    callGetppid(1);
    assert.equal(withCookie.globals.get("cookie"), 0x1234_5678_9abc_def0n);
  });

  test("says what is not there", () => {
    const program = collection.programs.get("on_uprobe");
    assert.throws(() => attachUprobe(program, { path: LIBC, symbol: "no_such_function" }), {
      code: "not-found",
      message: `${LIBC} has no function "no_such_function" in its symbol tables`,
    });
    assert.throws(() => attachUprobe(program, { path: "/no/such/file", symbol: "x" }), {
      code: "not-found",
      message: "cannot open /no/such/file: ENOENT: no such file or directory, open '/no/such/file'",
    });
    assert.throws(() => attachUprobe(program, { path: LIBC }), { code: "invalid-argument" });
    assert.throws(() => attachUprobe(program, { path: "/proc/self/status", symbol: "x" }), { code: "format" });
  });
});

describe("a uprobe at many places", () => {
  test("runs at each of them, and knows which one it is", async (context) => {
    const multi = probeFeature("uprobe-multi");
    if (!multi.supported) return context.skip(multi.reason);
    using withMulti = await load("on_uprobe_multi");
    const program = withMulti.programs.get("on_uprobe_multi");
    const places = ["getpid", "getppid"].map((symbol, index) => ({
      offset: functionFileOffset(LIBC, symbol),
      cookie: BigInt(index + 1),
    }));
    const hitsOfMulti = (): number =>
      Number((withMulti.globals.get("hits") as bigint[])[HOOKS.indexOf("uprobe.multi")]);
    using entries = attachUprobeMulti(program, { path: LIBC, places });
    assert.equal(entries.mechanism, "bpf_link");
    callGetppid(100);
    assert.deepEqual([hitsOfMulti(), withMulti.globals.get("cookie")], [100, 2n]);
    {
      using _ = attachUprobeMulti(program, { path: LIBC, places: places.slice(1), return: true });
      callGetppid(100);
      assert.equal(hitsOfMulti(), 300);
    }
    entries[Symbol.dispose]();
    callGetppid(100);
    assert.equal(hitsOfMulti(), 300);
  });

  test("says what is not there", async (context) => {
    const multi = probeFeature("uprobe-multi");
    if (!multi.supported) return context.skip(multi.reason);
    using withMulti = await load("on_uprobe_multi");
    const program = withMulti.programs.get("on_uprobe_multi");
    assert.throws(() => attachUprobeMulti(program, { path: "/no/such/file", places: [{ offset: 0 }] }), {
      code: "not-found",
    });
    assert.throws(() => attachUprobeMulti(program, { path: LIBC, places: [] }), { code: "invalid-argument" });
    // A folder.
    assert.throws(() => attachUprobeMulti(program, { path: "/", places: [{ offset: 0 }] }), BpfError);
  });
});

describe("a perf event", () => {
  test("samples a process", () => {
    using _ = attachPerfEvent(collection.programs.get("on_perf_event"), {
      type: PerfType.SOFTWARE,
      config: PerfSoftware.CPU_CLOCK,
      frequencyHz: 1000,
      pid: process.pid,
    });
    while (hits("perf event") < 10) callGetppid(1000);
  });

  test("samples every CPU", () => {
    const links = onlineCpus().map((cpu) =>
      attachPerfEvent(collection.programs.get("on_perf_event"), {
        type: PerfType.SOFTWARE,
        config: PerfSoftware.CPU_CLOCK,
        period: 1_000_000,
        cpu,
      }),
    );
    while (hits("perf event") < 10) callGetppid(1000);
    for (const link of links) link[Symbol.dispose]();
    const after = hits("perf event");
    for (let round = 0; round < 100; round++) callGetppid(1000);
    assert.equal(hits("perf event"), after);
  });

  test("refuses what makes no sense, in words", () => {
    const program = collection.programs.get("on_perf_event");
    const clock = { type: PerfType.SOFTWARE, config: PerfSoftware.CPU_CLOCK };
    for (const [options, message] of [
      [{ ...clock, frequencyHz: 99 }, "a perf event needs a CPU, a process, or both"],
      [{ ...clock, cpu: 0 }, "a perf event needs either a frequency or a period"],
      [{ ...clock, cpu: 0, frequencyHz: 99, period: 1 }, "a perf event needs either a frequency or a period"],
      [{ ...clock, cpu: 0, frequencyHz: 0.5 }, "the frequency must be a positive whole number of hertz, not 0.5"],
    ] as const) {
      assert.throws(() => attachPerfEvent(program, options), { code: "invalid-argument", message });
    }
    assert.throws(() => attachPerfEvent(program, { ...clock, frequencyHz: 10_000_000, cpu: 0 }), {
      code: "invalid-argument",
      errnoName: "EINVAL",
    });
    assert.throws(() => attachPerfEvent(program, { ...clock, frequencyHz: 99, cpu: 9999 }), {
      code: "invalid-argument",
      message:
        'attaching "on_perf_event" to a perf event on CPU 9999 failed: the event, CPU or frequency is out of range (EINVAL)',
    });
    assert.throws(() => attachPerfEvent(program, { ...clock, frequencyHz: 99, pid: 0x3fff_ffff }), {
      code: "not-found",
      errnoName: "ESRCH",
    });
  });

  test("is not what a program is attached to by its section alone", () => {
    assert.throws(() => collection.programs.get("on_perf_event").attach(), {
      code: "invalid-argument",
      message: 'section "perf_event" does not say where to attach "on_perf_event"',
    });
  });
});

describe("a kprobe", () => {
  for (const returns of [false, true]) {
    test(`runs at ${returns ? "the return of " : ""}a kernel function`, (context) => {
      const kprobes = probeFeature("kprobe");
      if (!kprobes.supported) return context.skip(kprobes.reason);
      using _ = attachKprobe(collection.programs.get(returns ? "on_kretprobe" : "on_kprobe"), {
        function: PPID_FUNCTION,
        return: returns,
      });
      callGetppid(100);
      assert.equal(hits(returns ? "kretprobe" : "kprobe"), 100);
    });
  }

  test("says what is not there", () => {
    const program = collection.programs.get("on_kprobe");
    const expected = probeFeature("kprobe").supported
      ? {
          code: "not-found",
          message: 'attaching "on_kprobe" to kernel function no_such failed: no such function (ENOENT)',
        }
      : { code: "not-supported", message: "this kernel has no kprobes" };
    assert.throws(() => attachKprobe(program, { function: "no_such" }), expected);
  });
});

for (const [feature, program] of [
  ["fentry", "on_fentry"],
  ["fexit", "on_fexit"],
] as const) {
  test(`${feature} runs at a kernel function`, async (context) => {
    const support = probeFeature("fentry");
    if (!support.supported) return context.skip(support.reason);
    collection[Symbol.dispose]();
    collection = await load(program);
    collection.programs.get(program).attach();
    // A test run of a tracing program calls its function once.
    for (let round = 0; round < 5; round++) collection.programs.get(program).testRun();
    assert.equal(hits(feature), 5);
  });
}

describe("an iterator", () => {
  test("gives what the program wrote for each object", () => {
    using link = attachIterator(collection.programs.get("on_task"));
    const threads: number[] = [];
    for (const bytes of readIterator(link)) {
      threads.push(...new Int32Array(bytes.slice().buffer));
    }
    const expected = readdirSync("/proc/self/task").map(Number);
    assert.deepEqual(new Set(threads), new Set(expected));
    assert.equal(hits("iterator"), threads.length);
  });
});

test("a tracepoint that is not there is named", () => {
  const program = collection.programs.get("on_tracepoint");
  assert.throws(() => attachTracepoint(program, { category: "sched", name: "no_such" }), {
    code: "not-found",
    message: "this kernel has no tracepoint sched:no_such",
  });
});

test("a program learns its user stack, which has addresses of this process", () => {
  collection.programs.get("on_tp_btf").attach();
  callGetppid(1);
  const stackId = Number(collection.globals.get<bigint>("user_stack"));
  assert.ok(stackId >= 0, `bpf_get_stackid() answered ${stackId}`);
  const stacks = collection.maps.stackTraces("stacks");
  const frames = stacks.get(stackId) ?? assert.fail("no stack");
  assert.ok(frames.length > 0 && frames.length <= stacks.maxFrames);
  const mapped = readFileSync("/proc/self/maps", "latin1")
    .split("\n")
    .flatMap((line) => {
      const match = /^([0-9a-f]+)-([0-9a-f]+) r-x/.exec(line);
      return match === null ? [] : [[BigInt(`0x${match[1]}`), BigInt(`0x${match[2]}`)] as const];
    });
  const leaf = frames[0] ?? 0n;
  assert.ok(
    mapped.some(([start, end]) => leaf >= start && leaf < end),
    `0x${leaf.toString(16)} is not in executable memory`,
  );
  assert.equal(stacks.delete(stackId), true);
  assert.equal(stacks.get(stackId), undefined);
});

test("a program tells whether a process is in a cgroup", () => {
  collection.programs.get("on_tp_btf").attach();
  const sys = defaultSys();
  // The root of the cgroup2 hierarchy, which everything is in, whether and wherever it is mounted.
  using mount = FileDescriptor.own(sys, sys.mountDetached("cgroup2"), "fsmount", "mounting cgroup2");
  using root = FileDescriptor.own(sys, openSync(`/proc/self/fd/${mount.fd}/.`, "r"), "open", "opening a cgroup");
  const cgroups = collection.maps.descriptors("cgroups");
  cgroups.set(0, root);
  callGetppid(1);
  assert.equal(collection.globals.get("in_cgroup"), 1n);
  cgroups.delete(0);
  callGetppid(1);
  assert.equal(collection.globals.get("in_cgroup"), -11n, "EAGAIN: no cgroup at that index");
});

test("an error of an attach closes all that it opened", () => {
  const before = readdirSync("/proc/self/fd").length;
  const program = collection.programs.get("on_uprobe");
  for (let round = 0; round < 20; round++) {
    assert.throws(() => attachUprobe(program, { path: LIBC, offset: 0x7fff_ffff_0000 }), BpfError);
  }
  assert.equal(readdirSync("/proc/self/fd").length, before);
});

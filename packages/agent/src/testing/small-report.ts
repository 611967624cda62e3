import type { Frame, Mapping, ProcessInfo } from "@skep/otlp/pprof";
import type { ProfileReport } from "../output/report.ts";

const PERIOD_NS = 10_101_010;

function mapping(name: string, path: string): Mapping {
  return { name, path, startAddress: 0x1000n, limitAddress: 0x9000n, fileOffset: 0n };
}

function frame(name: string, address: bigint, of: Mapping, kind: Frame["kind"] = "native"): Frame {
  return { name, address, mapping: of, kind, symbolized: true };
}

const kernel = mapping("[kernel]", "[kernel.kallsyms]");
const app = mapping("app", "/opt/app/bin/app");
const libc = mapping("libc.so.6", "/usr/lib/libc.so.6");

const main = frame("main", 0x1001n, app);
/** The same function at two addresses. */
const walk = frame("Tree::walk(Node const*)", 0x2001n, app);
const walkAgain = frame("Tree::walk(Node const*)", 0x2042n, app);
const memcpy = frame("memcpy", 0x3001n, libc);
const copyUser = frame("copy_user_generic", 0x4001n, kernel, "kernel");
const jitted: Frame = {
  ...frame("JS:*sum /srv/sum.js:7:1", 0x5001n, mapping("[jit]", "[jit]"), "jit"),
  file: "/srv/sum.js",
  line: 7,
};
const nameless: Frame = { ...frame("app+0x6001", 0x6001n, app), symbolized: false };

const api: ProcessInfo = { pid: 42, name: "api", executablePath: app.path };
const shell: ProcessInfo = { pid: 7, name: "sh", containerId: "c0ffee" };

/** A report that a test can add up by hand: 10 samples in 6 stacks of 2 processes. */
export function smallReport(changes: Partial<ProfileReport> = {}): ProfileReport {
  const offCpu = changes.mode === "off-cpu";
  const sample = (process: ProcessInfo, count: number, ...stack: readonly Frame[]) => ({
    stack,
    values: [count, count * (offCpu ? 20_000_000 : PERIOD_NS)],
    process,
    threadId: process.pid,
    threadName: process.name,
  });
  return {
    mode: "on-cpu",
    timeUnixNs: 1_795_000_000_000_000_000n,
    durationNs: 10_000_000_000,
    frequencyHz: 99,
    sampleCount: 10,
    cpuCount: 2,
    lost: { "stacks-full": 0, exited: 0 },
    sampleTypes: [
      { type: "samples", unit: "count" },
      { type: offCpu ? "off_cpu" : "cpu", unit: "nanoseconds" },
    ],
    periodType: { type: offCpu ? "off_cpu" : "cpu", unit: "nanoseconds" },
    period: offCpu ? 1 : PERIOD_NS,
    samples: [
      sample(api, 3, walk, walkAgain, main),
      sample(api, 2, memcpy, walk, main),
      sample(api, 1, jitted, main),
      sample(api, 1, nameless),
      sample(shell, 2, copyUser, memcpy),
      sample(shell, 1),
    ],
    ...changes,
  };
}

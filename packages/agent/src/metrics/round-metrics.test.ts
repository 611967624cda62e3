import assert from "node:assert/strict";
import { test } from "node:test";
import type { Round } from "../pipeline/round.ts";
import {
  file,
  fileReport,
  nginx,
  nginxWorker,
  plainRound,
  processReport,
  profile,
  redis,
  sample,
  syscall,
  syscallReport,
} from "../pipeline/testing/plain-round.ts";
import { ResourceCatalog } from "../resources/resource-catalog.ts";
import { MetricRegistry } from "./metric-registry.ts";
import { RoundMetrics } from "./round-metrics.ts";

/** Values by metric and by what tells its series apart, `unknown_service:` left out: `nginx openat ENOENT`. */
function record(rounds: readonly Round[], seriesLimit?: number): (name: string) => Record<string, number> {
  const catalog = new ResourceCatalog({ version: "1.0" });
  const registry = new MetricRegistry(catalog.agent, seriesLimit);
  const metrics = new RoundMetrics(registry, {
    host: catalog.host,
    agent: catalog.agent,
    of: (process) => catalog.of(process, "program"),
  });
  for (const round of rounds) metrics.read(round);
  return (name) => {
    const values: Record<string, number> = {};
    for (const table of registry.tables) {
      if (table.definition.name !== name) continue;
      for (const { resource, attributes, value } of table.all()) {
        const service = String(resource.ownAttributes["service.name"] ?? "").replace("unknown_service:", "");
        const key = [service, ...Object.values(attributes)].filter((part) => part !== "").join(" ");
        values[key] = typeof value === "number" ? value : (value as { count: number }).count;
      }
    }
    return values;
  };
}

test("CPU time is added up by program and mode", () => {
  const round = plainRound({
    cpu: profile([sample(nginx, 99), sample(nginxWorker, 99, "kernel"), sample(redis, 198), sample(redis, 99, "jit")]),
    offCpu: profile([sample(nginx, 10), sample(nginxWorker, 20)], "off-cpu"),
  });
  const values = record([round, round]);
  const second = 99 * 10_101_010 * 1e-9;
  assertClose(values("skep.cpu.time"), {
    "nginx user": 2 * second,
    "nginx system": 2 * second,
    "redis user": 6 * second,
  });
  assertClose(values("skep.off_cpu.time"), { nginx: (60 / 99) * second });
});

function assertClose(actual: Record<string, number>, expected: Record<string, number>): void {
  assert.deepEqual(Object.keys(actual), Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) assert.ok(Math.abs((actual[name] ?? 0) - value) < 1e-9, name);
}

test("system calls are counted by program, call and error, and what is of no process is the machine's", () => {
  const openat = { errors: { ENOENT: 3, EACCES: 1 }, totalNs: 5000, histogramNs: [[1024, 2048, 4]] as const };
  const round = plainRound({
    syscalls: syscallReport({
      processes: [
        { process: nginx, syscalls: [syscall("openat", 10, openat)] },
        { process: nginxWorker, syscalls: [syscall("openat", 1), syscall("read", 7, { errors: { EAGAIN: 7 } })] },
        { process: redis, syscalls: [syscall("read", 2, { compat: true })] },
      ],
      syscalls: [
        syscall("openat", 16, { errors: { ENOENT: 5, EACCES: 1 }, totalNs: 9000, histogramNs: [[1024, 2048, 6]] }),
        syscall("read", 7, { errors: { EAGAIN: 7 } }),
        syscall("read", 2, { compat: true }),
        syscall("close", 4),
      ],
    }),
  });
  const values = record([round, round]);
  assert.deepEqual(values("linux.syscall.count"), {
    "nginx openat ENOENT": 6,
    "nginx openat EACCES": 2,
    "nginx openat": 14,
    "nginx read EAGAIN": 14,
    "redis read true": 4,
    "openat ENOENT": 4,
    openat: 6,
    close: 8,
  });
  assert.deepEqual(values("linux.syscall.duration"), { "nginx openat": 8, openat: 4 });
});

test("files are counted by program and kind of file, not by path", () => {
  const round = plainRound({
    files: fileReport(
      [
        file(nginx, { path: "/a", reads: 3, readBytes: 300, readNs: 2e9, opens: 1, errors: { EIO: 1 } }),
        file(nginxWorker, { path: "/b", reads: 2, readBytes: 200, writes: 1, writtenBytes: 50 }),
        file(redis, { path: "socket", type: "socket", fileSystem: "", writes: 4, writtenBytes: 9 }),
      ],
      { reads: 5, readBytes: 1000 },
    ),
  });
  const values = record([round]);
  assert.deepEqual(values("linux.file.io"), {
    "nginx file ext4 read": 500,
    "nginx file ext4 write": 50,
    "redis socket write": 9,
    read: 1000,
  });
  assert.deepEqual(values("linux.file.operation.count"), {
    "nginx file ext4 open": 1,
    "nginx file ext4 read": 5,
    "nginx file ext4 write": 1,
    "redis socket write": 4,
    read: 5,
  });
  assert.deepEqual(values("linux.file.operation.time"), { "nginx file ext4 read": 2 });
  assert.deepEqual(values("linux.file.error.count"), { "nginx file ext4 EIO": 1 });
});

test("starts, execs and exits are counted for the machine", () => {
  const report = processReport({
    starts: 5,
    execs: 4,
    execFailures: { ENOENT: 2 },
    exits: { codes: { 0: 3, 127: 1 }, signals: { SIGKILL: 1 } },
  });
  const values = record([plainRound({ processes: { report, events: [], lost: {} } })]);
  assert.deepEqual(values("linux.process.start.count"), { "": 5 });
  assert.deepEqual(values("linux.process.exec.count"), { "": 4, ENOENT: 2 });
  assert.deepEqual(values("linux.process.exit.count"), { "0": 3, "127": 1, SIGKILL: 1 });
});

test("the machine's own counters are taken over, and its memory in two states adds up to all of it", () => {
  const values = record([plainRound(), plainRound()]);
  assert.deepEqual(values("system.cpu.time"), {
    user: 4,
    nice: 0,
    system: 2,
    idle: 9,
    iowait: 1,
    interrupt: 0,
    steal: 0,
  });
  assert.deepEqual(values("system.cpu.logical.count"), { "": 2 });
  assert.deepEqual(values("system.memory.usage"), { available: 4500, used: 3500 });
  assert.deepEqual(values("system.memory.limit"), { "": 8000 });
  assert.deepEqual(values("system.cpu.load_average.5m"), { "": 0.25 });
});

test("what Skep costs and what became of what it saw is told", () => {
  const round = plainRound({
    cpu: profile([sample(nginx, 1)]),
    tracers: [
      { name: "cpu", state: "reduced", reason: "the budget", sinceUnixMs: 0, samplingFactor: 4 },
      { name: "files", state: "off", sinceUnixMs: 0, samplingFactor: 1 },
    ],
  });
  const self = {
    ...round.self,
    bpfRunTimeNs: 3e6,
    lateRounds: 2,
    tracers: [{ name: "cpu", seen: 100, delivered: 97, lost: { countsFull: 2, stacksFull: 1 }, mapBytes: 5000 }],
    exporters: [
      {
        signal: "logs",
        endpoint: "http://c:4318/v1/logs",
        deliveredItems: 10,
        lostItems: { refused: 2 },
        waitingItems: 4,
        waitingBatches: 1,
        memoryBytes: 300,
        spoolBytes: 700,
      },
    ],
  } as const;
  const values = record([
    { ...round, self },
    { ...round, self },
  ]);
  assertClose(values("process.cpu.time"), { user: 0.04, system: 0.02 });
  assert.deepEqual(values("process.memory.usage"), { "": 40_000_000 });
  assert.deepEqual(values("skep.memory.anonymous"), { "": 15_000_000 });
  assertClose(values("skep.bpf.run_time"), { "": 0.006 });
  assert.deepEqual(values("skep.bpf.map.memory"), { cpu: 5000 });
  assert.deepEqual(values("skep.event.seen"), { cpu: 100 });
  assert.deepEqual(values("skep.event.delivered"), { cpu: 97 });
  assert.deepEqual(values("skep.event.lost"), { "cpu countsFull": 2, "cpu stacksFull": 1 });
  assert.deepEqual(values("skep.event.incomplete"), { "cpu truncated": 4 });
  assert.deepEqual(values("skep.tracer.status"), {
    "cpu on": 0,
    "cpu reduced": 1,
    "cpu off": 0,
    "files on": 0,
    "files reduced": 0,
    "files off": 1,
  });
  assert.deepEqual(values("skep.tracer.sampling_factor"), { cpu: 4, files: 1 });
  assert.deepEqual(values("skep.round.count"), { "": 2 });
  assert.deepEqual(values("skep.round.late"), { "": 2 });
  const exporter = "logs http://c:4318/v1/logs";
  assert.deepEqual(values("skep.exporter.delivered"), { [exporter]: 10 });
  assert.deepEqual(values("skep.exporter.lost"), { [`${exporter} refused`]: 2 });
  assert.deepEqual(values("skep.exporter.queue.size"), { [exporter]: 1 });
  assert.deepEqual(values("skep.exporter.queue.memory"), { [exporter]: 300 });
  assert.deepEqual(values("skep.exporter.spool.usage"), { [exporter]: 700 });
});

test("a metric that has no room for all its series says so, and its sum is that of the report", () => {
  const calls = Array.from({ length: 40 }, (_, index) => syscall(`call_${index}`, index + 1));
  const round = plainRound({
    syscalls: syscallReport({ processes: [{ process: nginx, syscalls: calls }], syscalls: calls }),
  });
  const values = record([round, round], 10);
  const counts = values("linux.syscall.count");
  assert.equal(Object.keys(counts).length, 10);
  assert.equal(
    Object.values(counts).reduce((sum, count) => sum + count, 0),
    2 * ((40 * 41) / 2),
  );
  assert.equal(values("skep.metric.series")["linux.syscall.count"], 10);
  assert.equal(values("skep.metric.overflow")["linux.syscall.count"], 2 * 31);
});

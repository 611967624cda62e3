import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { encodePprof } from "@skep/otlp/pprof";
import { Pipeline } from "../pipeline/pipeline.ts";
import type { Problem } from "../pipeline/problem.ts";
import type { Round } from "../pipeline/round.ts";
import { sumOf } from "../pipeline/running-tracer.ts";
import { Telemetry } from "./telemetry.ts";
import { attribute, OtlpReceiver, pointsOf, sumOfPoints, sumOfSamples } from "./testing/otlp-receiver.ts";
import { pprofValueSums } from "./testing/pprof-sums.ts";

/** Rounds come when the test asks for them. */
const NEVER_MS = 2 ** 31 - 1;
const SERVICE = "skep-workload";

class Workload implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor() {
    const script = fileURLToPath(new URL("testing/workload.mjs", import.meta.url));
    this.#child = spawn(process.execPath, [script], {
      env: { OTEL_SERVICE_NAME: SERVICE },
      stdio: ["pipe", "pipe", "inherit"],
    });
    assert.ok(this.#child.stdout);
    this.#lines = createInterface(this.#child.stdout);
  }

  static async start(): Promise<Workload> {
    const workload = new Workload();
    await once(workload.#lines, "line");
    return workload;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async do(deed: string): Promise<void> {
    const done = once(this.#lines, "line");
    this.#child.stdin?.write(`${deed}\n`);
    await done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "close");
  }
}

test("what the workload did, the rounds, OTLP and the text for Prometheus are of one number", async () => {
  await using receiver = await OtlpReceiver.start();
  await using workload = await Workload.start();
  const problems: Problem[] = [];
  const onProblem = (problem: Problem) => problems.push(problem);
  await using telemetry = await Telemetry.open({
    version: "1.0",
    senders: {
      profiles: receiver.sender("v1development/profiles"),
      logs: receiver.sender("v1/logs"),
      metrics: receiver.sender("v1/metrics"),
    },
    onProblem,
  });
  const execSeen = Promise.withResolvers<void>();
  const targets = { pids: [workload.pid] };
  await using pipeline = await Pipeline.start({
    tracers: { cpu: targets, "off-cpu": targets, syscalls: targets, processes: targets, files: targets },
    firstRoundMs: NEVER_MS,
    exporters: () => telemetry.exporterStates,
    onProcessEvent: (event) => {
      telemetry.observe(event);
      if (event.kind === "exec") execSeen.resolve();
    },
    onProblem,
  });
  const rounds: Round[] = [];
  pipeline.addReader({ name: "the test", read: (round) => rounds.push(round) });
  pipeline.addReader(telemetry);
  assert.deepEqual(
    pipeline.tracers.map(({ name, state }) => `${name} ${state}`),
    ["cpu on", "off-cpu on", "syscalls on", "processes on", "files on", "network off"],
  );

  await workload.do("read 1000");
  await workload.do("fail 30");
  await workload.do("spin 300");
  await pipeline.takeRound();
  await workload.do("read 500");
  await workload.do("run");
  await execSeen.promise;
  await workload.do("end");
  // What comes after the last round that was asked for is in the one that the end takes.
  await pipeline[Symbol.asyncDispose]();
  await telemetry[Symbol.asyncDispose]();

  assert.deepEqual(problems, []);
  assert.equal(rounds.length, 2);

  const text = Array.from(telemetry.prometheusText()).join("");
  const program = `service_name="${SERVICE}"`;

  // System calls and files: exactly what the workload did.
  const reads = { name: "linux.syscall.name", value: "pread64" };
  const countPoints = pointsOf(receiver.metrics, "linux.syscall.count", SERVICE);
  assert.equal(sumOfPoints(countPoints.filter((point) => attribute(point, reads.name) === reads.value)), 1500);
  const durations = pointsOf(receiver.metrics, "linux.syscall.duration", SERVICE);
  assert.equal(sumOfPoints(durations.filter((point) => attribute(point, reads.name) === reads.value)), 1500);
  const failures = countPoints.filter((point) => attribute(point, "error.type") === "ENOENT");
  assert.ok(sumOfPoints(failures) >= 30);
  assert.match(text, new RegExp(`^linux_syscall_count_total\\{${program}.*linux_syscall_name="pread64"\\} 1500$`, "m"));
  const bytes = pointsOf(receiver.metrics, "linux.file.io", SERVICE)
    .filter((point) => attribute(point, "linux.file.type") === "file")
    .filter((point) => attribute(point, "linux.file.io.direction") === "read");
  assert.ok(sumOfPoints(bytes) >= 150_000);

  // Over everything: the metrics are the sum of the rounds.
  const calls = sum(rounds.flatMap(({ syscalls }) => syscalls?.syscalls ?? []).map(({ calls }) => calls));
  assert.equal(sumOfPoints(pointsOf(receiver.metrics, "linux.syscall.count")), calls);
  const operations = rounds.flatMap(({ files }) => (files === undefined ? [] : [...files.files, files.unattributed]));
  assert.equal(
    sumOfPoints(pointsOf(receiver.metrics, "linux.file.operation.count")),
    sum(operations.map(({ opens, reads, writes, syncs }) => opens + reads + writes + syncs)),
  );

  // Profiles: the samples of the rounds, each once.
  const samples = sum(rounds.map(({ cpu }) => cpu?.sampleCount ?? 0));
  assert.ok(samples > 0);
  assert.equal(sumOfSamples(receiver.profiles, "samples"), samples);
  const ofServices = ["skep-workload", "skep-short"].map((name) => sumOfSamples(receiver.profiles, "samples", name));
  assert.equal(sum(ofServices), samples);
  const intervals = sum(rounds.map(({ offCpu }) => offCpu?.sampleCount ?? 0));
  assert.ok(intervals > 0);
  assert.equal(sumOfSamples(receiver.profiles, "intervals"), intervals);
  const cpuSeconds = sumOfSamples(receiver.profiles, "cpu", SERVICE) / 1e9;
  assert.ok(Math.abs(sumOfPoints(pointsOf(receiver.metrics, "skep.cpu.time", SERVICE)) - cpuSeconds) < 1e-6);
  const pprofCounts = rounds.map(({ cpu }) => (cpu === undefined ? 0 : (pprofValueSums(encodePprof(cpu))[0] ?? 0)));
  assert.equal(sum(pprofCounts), samples);

  // Logs: the program that the workload ran is long gone, but what it was told was read when it began.
  const events = rounds.flatMap(({ processes }) => processes?.events ?? []);
  const records = receiver.logs
    .flatMap(({ resourceLogs = [] }) => resourceLogs)
    .flatMap(({ resource, scopeLogs }) =>
      scopeLogs.flatMap(({ logRecords }) => logRecords.map((record) => ({ resource, record }))),
    );
  assert.equal(records.length, events.filter(({ kind }) => kind !== "start").length);
  const execs = records.filter(({ record }) => record.eventName === "linux.process.exec");
  assert.deepEqual(
    execs.map(({ resource, record }) => [
      attribute(resource, "service.name"),
      attribute(record, "process.executable.path"),
    ]),
    [["skep-short", process.execPath]],
  );
  const exits = records.filter(({ record }) => record.eventName === "linux.process.exit");
  assert.deepEqual(
    exits.map(({ resource, record }) => [attribute(resource, "service.name"), attribute(record, "process.exit.code")]),
    [["skep-short", "0"]],
  );
  assert.equal(sumOfPoints(pointsOf(receiver.metrics, "linux.process.exec.count")), 1);

  // Every tracer: what was seen was delivered or lost.
  for (const { name, seen, delivered, lost } of rounds.at(-1)?.self.tracers ?? []) {
    // Off the CPU the kernel half now and then loses an interval that it has seen, without knowing it.
    if (name === "off-cpu") assert.ok(seen >= delivered + sumOf(lost));
    else assert.equal(seen, delivered + sumOf(lost), name);
    const toldSeen = pointsOf(receiver.metrics, "skep.event.seen").find(
      (point) => attribute(point, "skep.tracer") === name,
    );
    assert.equal(Number(toldSeen?.asInt), seen, name);
  }
  for (const { signal, lostItems, waitingItems, deliveredItems } of telemetry.exporterStates) {
    assert.deepEqual([sumOf(lostItems), waitingItems], [0, 0], signal);
    assert.ok(deliveredItems > 0, signal);
  }
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

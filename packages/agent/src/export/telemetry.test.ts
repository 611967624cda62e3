import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "../pipeline/problem.ts";
import { exec, nginx, plainRound, processReport, profile, redis, sample } from "../pipeline/testing/plain-round.ts";
import { Telemetry, type TelemetrySettings } from "./telemetry.ts";
import { OtlpReceiver, pointsOf, sumOfPoints, sumOfSamples } from "./testing/otlp-receiver.ts";

const ROUND = plainRound({
  cpu: profile([sample(nginx, 3), sample(redis, 4)]),
  offCpu: profile([sample(nginx, 5)], "off-cpu"),
  processes: { report: processReport({ execs: 1 }), events: [exec], lost: {} },
});

function sendersTo(receiver: OtlpReceiver) {
  const soon = { retry: { initialDelayMs: 1, maxDelayMs: 1 }, shutdownTimeoutMs: 60_000 };
  return {
    profiles: { ...receiver.sender("v1development/profiles"), ...soon },
    logs: { ...receiver.sender("v1/logs"), ...soon },
    metrics: { ...receiver.sender("v1/metrics"), ...soon },
  };
}

async function open(settings: Partial<TelemetrySettings>) {
  const problems: Problem[] = [];
  const telemetry = await Telemetry.open({
    version: "1.0",
    onProblem: (problem) => problems.push(problem),
    ...settings,
  });
  return { telemetry, problems };
}

test("a round is sent whole: profiles, logs and metrics", async () => {
  await using receiver = await OtlpReceiver.start();
  const { telemetry, problems } = await open({ senders: sendersTo(receiver) });
  telemetry.read(ROUND);
  telemetry.read(ROUND);
  await telemetry[Symbol.asyncDispose]();
  assert.equal(sumOfSamples(receiver.profiles, "samples"), 14);
  assert.equal(sumOfSamples(receiver.profiles, "samples", "unknown_service:redis"), 8);
  assert.equal(sumOfSamples(receiver.profiles, "intervals"), 10);
  assert.equal(receiver.logs.length, 2);
  assert.equal(sumOfPoints(pointsOf(receiver.metrics, "linux.process.exec.count")), 2);
  assert.deepEqual(problems, []);
});

test("a signal that is not to be sent is not, and the metrics can be scraped all the same", async () => {
  await using receiver = await OtlpReceiver.start();
  const { telemetry } = await open({ senders: { logs: receiver.sender("v1/logs") } });
  telemetry.read(ROUND);
  await telemetry[Symbol.asyncDispose]();
  assert.deepEqual([receiver.profiles.length, receiver.logs.length, receiver.metrics.length], [0, 1, 0]);
  assert.deepEqual(
    telemetry.exporterStates.map(({ signal, deliveredItems }) => [signal, deliveredItems]),
    [["logs", 1]],
  );
  assert.match(Array.from(telemetry.prometheusText()).join(""), /^linux_process_exec_count_total 1$/m);
});

test("what a receiver refuses is counted, and said", async () => {
  await using receiver = await OtlpReceiver.start();
  receiver.status = 400;
  const { telemetry, problems } = await open({ senders: { logs: sendersTo(receiver).logs } });
  telemetry.read(ROUND);
  await telemetry[Symbol.asyncDispose]();
  const [state] = telemetry.exporterStates;
  assert.equal(state?.deliveredItems, 0);
  assert.equal(state?.lostItems["refused"], 1);
  assert.match(state?.problem ?? "", /400/);
  assert.match(problems[0]?.message ?? "", /^sending logs: .*400/);
});

test("what OTLP cannot say is counted, and the other signals are sent", async () => {
  await using receiver = await OtlpReceiver.start();
  const { telemetry, problems } = await open({ senders: sendersTo(receiver) });
  const wrong = { ...exec, argumentCount: 1, timeUnixNs: -1n };
  telemetry.read({ ...ROUND, processes: { report: processReport({ execs: 1 }), events: [wrong, exec], lost: {} } });
  await telemetry[Symbol.asyncDispose]();
  const logs = telemetry.exporterStates.find(({ signal }) => signal === "logs");
  assert.equal(logs?.lostItems["invalid"], 2);
  assert.equal(receiver.metrics.length, 1);
  assert.equal(problems.length, 1);
});

test("other receivers take over, and the counts go on", async () => {
  await using first = await OtlpReceiver.start();
  await using second = await OtlpReceiver.start();
  const { telemetry } = await open({ senders: { logs: sendersTo(first).logs } });
  telemetry.read(ROUND);
  await telemetry.replaceSenders({ logs: sendersTo(second).logs });
  assert.equal(telemetry.exporterStates[0]?.deliveredItems, 1);
  telemetry.read(ROUND);
  await telemetry[Symbol.asyncDispose]();
  assert.deepEqual([first.logs.length, second.logs.length], [1, 1]);
  assert.equal(telemetry.exporterStates[0]?.deliveredItems, 2);
});

test("settings that mean nothing leave no sender open", async () => {
  await assert.rejects(
    open({ senders: { profiles: { endpoint: "http://127.0.0.1:9/" }, logs: { endpoint: "nowhere" } } }),
    {
      code: "configuration",
    },
  );
});

test("a program that ended is in one more export, and then no more", async () => {
  await using receiver = await OtlpReceiver.start();
  const { telemetry } = await open({ senders: { metrics: receiver.sender("v1/metrics") }, retentionMs: 0 });
  const service = "unknown_service:nginx";
  telemetry.read(plainRound({ cpu: profile([sample(nginx, 3)]) }));
  // It has no process: after some rounds that is noticed.
  for (let round = 0; round < 10; round++) telemetry.read(plainRound());
  await telemetry[Symbol.asyncDispose]();
  const exports = receiver.metrics.map((received) => pointsOf([received], "skep.cpu.time", service).length);
  assert.equal(exports.length, 11);
  assert.deepEqual(exports.slice(0, 2), [1, 1]);
  assert.equal(exports.at(-1), 0);
});

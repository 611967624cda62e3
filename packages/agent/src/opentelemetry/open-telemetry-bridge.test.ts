import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Context, type ContextManager, context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { BpfError } from "@skep/ebpf/errors";
import { exec, exit, nginx, processReport } from "../pipeline/testing/plain-round.ts";
import { PlainTracer, plainStarters } from "../pipeline/testing/plain-tracer.ts";
import { OpenTelemetryBridge } from "./open-telemetry-bridge.ts";

const SPAN = trace.setSpanContext(ROOT_CONTEXT, { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 });

/** A program that is in one span all the time. */
class SpanEverywhere implements ContextManager {
  active(): Context {
    return SPAN;
  }

  with<Values extends unknown[], Run extends (...values: Values) => ReturnType<Run>>(
    _: Context,
    run: Run,
    self?: ThisParameterType<Run>,
    ...values: Values
  ): ReturnType<Run> {
    return run.apply(self, values);
  }

  bind<Target>(_: Context, target: Target): Target {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

function logging() {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
  return { exporter, logger: provider.getLogger("skep") };
}

async function startBridge(tracer: PlainTracer): Promise<OpenTelemetryBridge> {
  const bridge = await OpenTelemetryBridge.start({
    tracers: { processes: {} },
    starters: plainStarters({ processes: async () => tracer }),
  });
  after(() => bridge[Symbol.asyncDispose]());
  return bridge;
}

test("a logger gets each event once, of whom it is about and of no span of this program", async () => {
  context.setGlobalContextManager(new SpanEverywhere());
  after(() => context.disable());
  const tracer = new PlainTracer();
  const bridge = await startBridge(tracer);
  const { exporter, logger } = logging();
  const subscription = bridge.addLogger(logger);
  tracer.next = { reports: { processes: { report: processReport({}), events: [exec, exit], lost: {} } } };
  await bridge.collect();
  tracer.next = {};
  await bridge.collect();
  const records = exporter.getFinishedLogRecords();
  assert.deepEqual(
    records.map(({ eventName, severityNumber, hrTime, spanContext }) => ({
      eventName,
      severityNumber,
      hrTime,
      spanContext,
    })),
    [
      { eventName: "linux.process.exec", severityNumber: 9, hrTime: [1_795_000_001, 0], spanContext: undefined },
      { eventName: "linux.process.exit", severityNumber: 9, hrTime: [1_795_000_001, 0], spanContext: undefined },
    ],
  );
  const [first] = records;
  assert.equal(first?.body, `nginx (${nginx.pid}) runs /usr/sbin/nginx`);
  assert.deepEqual(first.attributes, {
    "service.name": "unknown_service:nginx",
    "process.executable.name": "nginx",
    "process.executable.path": "/usr/sbin/nginx",
    "process.pid": nginx.pid,
    "process.parent_pid": 1,
    "process.real_user.id": 33,
    "process.working_directory": "/",
    "process.args_count": 2,
  });

  subscription[Symbol.dispose]();
  tracer.next = { reports: { processes: { report: processReport({}), events: [exec], lost: {} } } };
  await bridge.collect();
  assert.equal(exporter.getFinishedLogRecords().length, 2);
});

test("metrics add up over collections, and can be collected after the end", async () => {
  const tracer = new PlainTracer();
  const bridge = await startBridge(tracer);
  tracer.next = { reports: { processes: { report: processReport({ execs: 2 }), events: [], lost: {} } } };
  const execs = async () => {
    const { resourceMetrics, errors } = await bridge.collect();
    assert.deepEqual(errors, []);
    const metrics = resourceMetrics.scopeMetrics.flatMap((ofScope) => ofScope.metrics);
    return metrics.find(({ descriptor }) => descriptor.name === "linux.process.exec.count")?.dataPoints[0]?.value;
  };
  assert.equal(await execs(), 2);
  assert.equal(await execs(), 4);
  // The round that the end takes is one more.
  await bridge[Symbol.asyncDispose]();
  assert.equal(await execs(), 6);
  assert.deepEqual(tracer.log.slice(-2), ["observe", "dispose"]);
});

test("a tracer that cannot start is off, with its reason, and the metrics of the machine are there all the same", async () => {
  const bridge = await OpenTelemetryBridge.start({
    tracers: { cpu: {} },
    starters: plainStarters({
      cpu: async () => {
        throw new BpfError("not-permitted", "no such luck");
      },
    }),
  });
  after(() => bridge[Symbol.asyncDispose]());
  const cpu = bridge.tracers.find(({ name }) => name === "cpu");
  assert.deepEqual([cpu?.state, cpu?.reason], ["off", "no such luck"]);
  const { resourceMetrics } = await bridge.collect();
  const names = resourceMetrics.scopeMetrics[0]?.metrics.map(({ descriptor }) => descriptor.name);
  assert.ok(names?.includes("system.cpu.time"));
});

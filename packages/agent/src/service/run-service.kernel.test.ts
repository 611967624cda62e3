import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { SkepProcess } from "../cli/testing/skep-process.ts";
import { Receiver } from "./testing/receiver.ts";

const folder = mkdtempSync(join(tmpdir(), "skep-service-"));
after(() => rmSync(folder, { recursive: true }));

function configuration(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

interface Health {
  readonly tracers: readonly { readonly name: string; readonly state: string; readonly reason?: string }[];
}

/** The agent, until the end of the test. */
class Agent implements AsyncDisposable {
  readonly skep: SkepProcess;

  constructor(config: string) {
    this.skep = new SkepProcess(["run", "--config", config]);
  }

  async started(): Promise<void> {
    await this.skep.says("  OTLP  ");
  }

  async ask(path: string): Promise<Response> {
    const [, origin = "", token = ""] = /(http:\/\/127\.0\.0\.1:\d+)\/\?token=(\S+)/.exec(this.skep.stderr) ?? [];
    return await fetch(origin + path, { headers: { authorization: `Bearer ${token}` } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.skep.child.kill("SIGKILL");
    await this.skep.result;
  }
}

test("what the machine does is on the page, at /metrics and at the receiver, to the last exec", async () => {
  await using receiver = await Receiver.start();
  const config = configuration(
    "all.yaml",
    // Where the processor is emulated tracing costs more than the budget, and tracers would be turned down.
    `intervalSeconds: 1\npage: {port: 0}\nlimits: {cpuPercent: 100}\notlp: {endpoint: "${receiver.url}", protocol: http/json}\n`,
  );
  await using agent = new Agent(config);
  await agent.started();

  spawnSync(process.execPath, ["--version"]);
  const logs = JSON.parse(await receiver.got("/v1/logs", "process.exec"));
  assert.ok(logs.resourceLogs.length > 0);
  const metrics = JSON.parse(await receiver.got("/v1/metrics", "linux.syscall"));
  assert.ok(metrics.resourceMetrics.length > 0);
  const profiles = JSON.parse(await receiver.got("/v1development/profiles", "cpu"));
  assert.equal(profiles.dictionary.stringTable[0], "");

  const health = (await (await agent.ask("/api/health")).json()) as Health;
  const on = health.tracers.filter(({ state }) => state === "on").map(({ name }) => name);
  assert.deepEqual(on, ["cpu", "syscalls", "processes", "files", "network"]);
  const scraped = await (await agent.ask("/metrics")).text();
  assert.match(scraped, /^# TYPE linux_syscall\w* /m);

  // Nothing is lost by an end in the middle of a round.
  spawnSync("/bin/sh", ["-c", "exit 37"]);
  agent.skep.child.kill("SIGTERM");
  const { code } = await agent.skep.result;
  assert.equal(code, 0, agent.skep.stderr);
  await receiver.got("/v1/logs", '"intValue":"37"');
});

test("SIGHUP reads the configuration again, and a wrong one changes nothing", async () => {
  const config = configuration("changing.yaml", "intervalSeconds: 1\npage: {port: 0}\n");
  await using agent = new Agent(config);
  await agent.started();

  writeFileSync(config, "intervalSeconds: 1\npage: {prot: 0}\n");
  agent.skep.child.kill("SIGHUP");
  await agent.skep.says(`skep: ${config}:2:8: unknown key page.prot\n      did you mean port?\n`);
  await agent.skep.says("skep: it goes on as before\n");

  writeFileSync(config, "intervalSeconds: 1\npage: {port: 0}\ntracers:\n  files: {enabled: false}\n");
  agent.skep.child.kill("SIGHUP");
  await agent.skep.says("traces cpu, syscalls, processes, network. ");
  const health = (await (await agent.ask("/api/health")).json()) as Health;
  assert.deepEqual(
    health.tracers.filter(({ state }) => state === "off").map(({ name }) => name),
    ["off-cpu", "files"],
  );
});

test("a port that is taken is told before anything is traced", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const config = configuration("port.yaml", `page: {port: ${address.port}}\n`);
  await using agent = new Agent(config);
  const { code, stderr } = await agent.skep.result;
  server.close();
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^skep: the page cannot have port ${address.port} `));
});

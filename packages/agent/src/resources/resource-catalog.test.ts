import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { test } from "node:test";
import type { TracedProcess } from "@skep/tracers";
import type { ContainerNames } from "./pod-directory.ts";
import type { PodContainer } from "./pod-list.ts";
import { ResourceCatalog } from "./resource-catalog.ts";

const CONTAINER_ID = "c0ffee".padEnd(64, "0");
/** Above what Linux gives to any process. */
const NO_PID = 4_194_305;

const EVENT = { timeUnixNs: 0n, pid: NO_PID, parentPid: 1, name: "node", userId: 0 };
const EXEC = {
  ...EVENT,
  kind: "exec",
  executableDeleted: false,
  arguments: [],
  argumentCount: 0,
  argumentsTruncated: false,
  workingDirectory: "/",
} as const;

function gone(process: Partial<TracedProcess>): TracedProcess {
  return { pid: NO_PID, name: "worker", ...process };
}

async function started(env: Record<string, string> = {}): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    env,
    stdio: ["pipe", "ignore", "inherit"],
  });
  await once(child, "spawn");
  assert.ok(child.pid);
  return Object.assign(child, { pid: child.pid });
}

async function ended(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  await once(child, "close");
}

test("every resource says on which machine it is", () => {
  const catalog = new ResourceCatalog({ version: "1.0", attributes: { "deployment.environment.name": "prod" } });
  for (const { attributes } of [catalog.host, catalog.agent, catalog.of(gone({}), "process")]) {
    assert.equal(attributes["host.name"], hostname());
    assert.equal(attributes["os.type"], "linux");
    assert.equal(attributes["deployment.environment.name"], "prod");
  }
  assert.equal(catalog.host.attributes["service.name"], undefined);
  assert.equal(catalog.agent.attributes["service.name"], "skep");
  assert.equal(catalog.agent.attributes["service.version"], "1.0");
});

test("a service name given to Skep is Skep's, not everybody's", () => {
  const catalog = new ResourceCatalog({ version: "1.0", attributes: { "service.name": "skep-staging" } });
  assert.equal(catalog.agent.attributes["service.name"], "skep-staging");
  assert.equal(
    catalog.of(gone({ executablePath: "/bin/true" }), "program").attributes["service.name"],
    "unknown_service:true",
  );
});

const unnamed: readonly [what: string, process: Partial<TracedProcess>, own: Record<string, unknown>][] = [
  [
    "that is gone is named by its executable",
    { executablePath: "/usr/sbin/nginx" },
    {
      "service.name": "unknown_service:nginx",
      "process.executable.name": "nginx",
      "process.executable.path": "/usr/sbin/nginx",
      "process.pid": NO_PID,
    },
  ],
  [
    "whose executable was deleted keeps its name",
    { executablePath: "/opt/app (deleted)" },
    {
      "service.name": "unknown_service:app",
      "process.executable.name": "app",
      "process.executable.path": "/opt/app (deleted)",
      "process.pid": NO_PID,
    },
  ],
  [
    "of which nothing but a name is known has that",
    {},
    { "service.name": "unknown_service:worker", "process.executable.name": "worker", "process.pid": NO_PID },
  ],
  [
    "in a container is the container",
    { executablePath: "/usr/sbin/nginx", containerId: CONTAINER_ID },
    { "service.name": "unknown_service:nginx", "container.id": CONTAINER_ID },
  ],
];

for (const [what, process, own] of unnamed) {
  test(`a process ${what}`, () => {
    assert.deepEqual(new ResourceCatalog({ version: "1.0" }).of(gone(process), "process").ownAttributes, own);
  });
}

test("the variables of OpenTelemetry name a process, and what they say is in its resource", async () => {
  const child = await started({ OTEL_SERVICE_NAME: "shop", OTEL_RESOURCE_ATTRIBUTES: "service.version=2,team=a" });
  const catalog = new ResourceCatalog({ version: "1.0" });
  const { ownAttributes } = catalog.of({ pid: child.pid, name: "node" }, "program");
  await ended(child);
  assert.deepEqual(ownAttributes, {
    "service.name": "shop",
    "service.version": "2",
    team: "a",
    "process.executable.name": "node",
    "process.executable.path": process.execPath,
  });
});

test("processes of one program are one resource, by process they are two", () => {
  const catalog = new ResourceCatalog({ version: "1.0" });
  const one = gone({ executablePath: "/bin/sh" });
  const other = { ...one, pid: NO_PID + 1 };
  assert.equal(catalog.of(one, "program"), catalog.of(other, "program"));
  assert.notEqual(catalog.of(one, "process"), catalog.of(other, "process"));
  assert.equal(catalog.of(one, "process"), catalog.of({ ...one }, "process"));
});

test("all kernel threads are one program", (context) => {
  const threads = readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === 2)
    .slice(0, 2);
  if (threads.length < 2) return context.skip("this pid namespace has no kernel threads");
  const catalog = new ResourceCatalog({ version: "1.0" });
  const resources = threads.map((pid, index) => catalog.of({ pid: Number(pid), name: `kworker/${index}` }, "process"));
  assert.equal(resources[0], resources[1]);
  assert.equal(resources[0]?.ownAttributes["service.name"], "unknown_service:kernel");
});

/** Undefined for a process that has gone since it was listed. */
function parentOf(pid: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) . (\d+).*$/s, "$1"));
  } catch {
    return undefined;
  }
}

test("a process that is gone by the end of its round was read when it began", async () => {
  const catalog = new ResourceCatalog({ version: "1.0" });
  const child = await started({ OTEL_SERVICE_NAME: "shop" });
  const executablePath = process.execPath;
  catalog.observe({ ...EXEC, pid: child.pid, path: executablePath, executablePath });
  await ended(child);
  assert.equal(
    catalog.of({ pid: child.pid, name: "node", executablePath }, "program").attributes["service.name"],
    "shop",
  );
  // What it forked, and what did not exec, runs the same.
  catalog.observe({ ...EVENT, kind: "start", pid: NO_PID, parentPid: child.pid });
  assert.equal(catalog.of({ pid: NO_PID, name: "node", executablePath }, "program").attributes["service.name"], "shop");
});

test("of a process that is gone before it was read, what its parent was told is taken to be passed on", async () => {
  const catalog = new ResourceCatalog({ version: "1.0" });
  const child = await started({ OTEL_SERVICE_NAME: "shop" });
  const parent = { pid: child.pid, name: "node", executablePath: process.execPath };
  assert.equal(catalog.of(parent, "program").attributes["service.name"], "shop");
  await ended(child);
  const grep = { ...EXEC, pid: NO_PID, parentPid: child.pid, name: "grep", path: "grep", executablePath: "/bin/grep" };
  catalog.observe({ ...EVENT, kind: "start", pid: NO_PID, parentPid: child.pid });
  catalog.observe(grep);
  const { attributes } = catalog.of({ pid: NO_PID, name: "grep", executablePath: "/bin/grep" }, "program");
  assert.deepEqual([attributes["service.name"], attributes["process.executable.name"]], ["shop", "grep"]);
});

test("another program in the same process is another resource", async () => {
  const catalog = new ResourceCatalog({ version: "1.0" });
  const shell = gone({ executablePath: "/bin/sh" });
  const nginx = gone({ executablePath: "/usr/sbin/nginx" });
  assert.equal(catalog.of(shell, "program").attributes["service.name"], "unknown_service:sh");
  assert.equal(catalog.of(nginx, "program").attributes["service.name"], "unknown_service:nginx");
  assert.equal(catalog.of(shell, "program").attributes["service.name"], "unknown_service:sh");
});

test("a program whose last process ended goes after the retention, and not while it is reported on", async () => {
  const catalog = new ResourceCatalog({ version: "1.0", retentionMs: 0 });
  const child = await started();
  const process = { pid: child.pid, name: "node" };
  const resource = catalog.of(process, "program");
  assert.deepEqual(catalog.endRound(), []);
  await ended(child);
  catalog.observe({
    ...EVENT,
    kind: "exit",
    pid: child.pid,
    exitCode: 0,
    coreDumped: false,
    lifetimeNs: 1,
    cpuTimeNs: 1,
    peakResidentBytes: 1,
    readBytes: 0,
    writtenBytes: 0,
    readChars: 0,
    writtenChars: 0,
  });
  assert.equal(catalog.of(process, "program"), resource);
  assert.deepEqual(catalog.endRound(), []);
  assert.deepEqual(catalog.endRound(), [resource]);
  assert.notEqual(catalog.of(process, "program"), resource);
});

test("that a process ended is found out without being told", async () => {
  const catalog = new ResourceCatalog({ version: "1.0", retentionMs: 0 });
  const child = await started();
  const resource = catalog.of({ pid: child.pid, name: "node" }, "program");
  await ended(child);
  const rounds: (typeof resource)[][] = [];
  while (rounds.length < 10) rounds.push([...catalog.endRound()]);
  assert.deepEqual(rounds.flat(), [resource]);
});

test("a running process that does nothing keeps its resource", () => {
  const catalog = new ResourceCatalog({ version: "1.0", retentionMs: 0 });
  const self = { pid: process.pid, name: "node" };
  const resource = catalog.of(self, "program");
  for (let round = 0; round < 20; round++) assert.deepEqual(catalog.endRound(), []);
  assert.equal(catalog.of(self, "program"), resource);
});

test("what Kubernetes knows of a container is in its resource, from when it is known on", () => {
  const containers = new Map<string, PodContainer>();
  let revision = 0;
  const names: ContainerNames = {
    get revision() {
      return revision;
    },
    find: (id) => containers.get(id),
  };
  const catalog = new ResourceCatalog({ version: "1.0", containers: names, retentionMs: 0 });
  const process = gone({ containerId: CONTAINER_ID });
  const before = catalog.of(process, "program");
  assert.equal(before.attributes["service.name"], "unknown_service:worker");
  containers.set(CONTAINER_ID, { serviceName: "shop", attributes: { "k8s.pod.name": "shop-1" } });
  revision += 1;
  const after = catalog.of(process, "program");
  assert.deepEqual(after.ownAttributes, {
    "service.name": "shop",
    "k8s.pod.name": "shop-1",
    "container.id": CONTAINER_ID,
  });
  assert.deepEqual(catalog.endRound(), [before]);
});

test("ten thousand processes take no more room than the limit", () => {
  const catalog = new ResourceCatalog({ version: "1.0", retentionMs: 1e9 });
  for (let index = 0; index < 10_000; index++) {
    const resource = catalog.of(gone({ pid: NO_PID + index, executablePath: `/bin/${index}` }), "program");
    assert.equal(resource.attributes["process.executable.name"], String(index));
  }
  assert.equal(catalog.endRound().length, 10_000 - 4096);
});

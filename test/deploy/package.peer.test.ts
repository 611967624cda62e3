import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { capabilitySet } from "@skep/ebpf/sys";
import { capabilitiesOf, keptCapabilities } from "../../packages/agent/src/service/limit-privileges.ts";
import { build } from "../../scripts/build-packages.ts";
import { repositoryRoot } from "../../scripts/repository.ts";
import { stagePackage } from "../../scripts/stage-package.ts";
import { unitValues } from "./deploy-files.ts";

const folder = mkdtempSync(join(tmpdir(), "skep-installed-"));
const skep = join(folder, "link");
/** Of all programs, those alone that the command is started by. */
const path = join(folder, "path");

before(async () => {
  await build();
  stagePackage(join(folder, "skep"));
  symlinkSync(join(folder, "skep/bin/skep"), skep);
  mkdirSync(path);
  for (const tool of ["dirname", "readlink"]) symlinkSync(`/usr/bin/${tool}`, join(path, tool));
});
after(() => rmSync(folder, { recursive: true }));

/** A command line that runs `commandLine` where this repository is not, and what it was started from is not known. */
function elsewhere(commandLine: readonly string[], prepare = ":"): [command: string, args: string[]] {
  const script = `mount -t tmpfs none "$0" && ${prepare} && cd / && exec "$@"`;
  const environment = ["/usr/bin/env", "-i", `PATH=${path}`];
  return ["unshare", ["--mount", "/bin/sh", "-c", script, repositoryRoot, ...commandLine, ...environment, skep]];
}

function run(...args: readonly string[]) {
  const [command, own] = elsewhere([]);
  return spawnSync(command, [...own, ...args], { encoding: "utf8" });
}

test("the doctor finds everything that the archive has to hold", () => {
  const { status, stdout, stderr } = run("doctor");
  assert.equal(stderr, "");
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^ {2}✓ system calls /m);
});

test("it profiles a program", () => {
  const [command, args] = elsewhere([]);
  const spin = ["/bin/sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done"];
  const { status, stdout, stderr } = spawnSync(command, [...args, "profile", "--json", "--", ...spin], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  const { samples, functions } = JSON.parse(stdout);
  assert.ok(samples > 0);
  assert.ok(functions.some(({ process }: { process: string }) => process === "sh"));
});

/** An agent that was started from the archive. */
class InstalledAgent implements AsyncDisposable {
  readonly #child: ChildProcess;
  stderr = "";

  constructor([command, args]: readonly [command: string, args: readonly string[]]) {
    this.#child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
  }

  /** The same from `unshare` to the agent: each becomes the next. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async started(): Promise<void> {
    while (!this.stderr.includes("  OTLP  ")) {
      assert.equal(this.#child.exitCode, null, this.stderr);
      await Promise.race([once(this.#child.stderr ?? this.#child, "data"), once(this.#child, "close")]);
    }
  }

  async get(path: string): Promise<string> {
    const [, origin = "", token = ""] = /(http:\/\/127\.0\.0\.1:\d+)\/\?token=(\S+)/.exec(this.stderr) ?? [];
    const response = await fetch(origin + path, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(response.status, 200, path);
    return await response.text();
  }

  async end(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    if (this.#child.exitCode === null) await once(this.#child, "close");
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "close");
  }
}

test("the agent runs with what the unit leaves it: its capabilities, no new ones, and one folder to write to", async () => {
  const state = join(folder, "state");
  const config = join(folder, "skep.yaml");
  mkdirSync(state);
  const nobody = "http://127.0.0.1:9";
  writeFileSync(
    config,
    `intervalSeconds: 1\npage: {port: 0}\notlp: {endpoint: "${nobody}", spool: {directory: ${state}}}\n`,
  );
  const set = unitValues("CapabilityBoundingSet").map((name) => `+${name.slice("CAP_".length).toLowerCase()}`);
  const limits = ["/usr/bin/setpriv", "--no-new-privs", "--bounding-set", ["-all", ...set].join(",")];
  // The mount alone becomes read-only, in the namespace of this process alone: not the file system.
  const readOnly = `mount --bind ${state} ${state} && mount -o remount,bind,ro / && ! touch ${folder}/written 2>/dev/null`;
  const [command, args] = elsewhere(limits, readOnly);
  await using agent = new InstalledAgent([command, [...args, "run", "--config", config]]);
  await agent.started();

  assert.match(agent.stderr, /^Skep \S+ traces cpu, syscalls, processes, files, network\. /m);
  const status = readFileSync(`/proc/${agent.pid}/status`, "latin1");
  // Those that this machine gives to root at all.
  const ours = capabilitiesOf(readFileSync("/proc/self/status", "latin1"));
  const expected = (capabilitySet(keptCapabilities) & ours).toString(16).padStart(16, "0");
  const sets = ["CapPrm", "CapEff", "CapBnd"];
  assert.deepEqual(
    sets.map((name) => new RegExp(`^${name}:\t(.*)$`, "m").exec(status)?.[1]),
    sets.map(() => expected),
  );
  assert.match(status, /^NoNewPrivs:\t1$/m);
  assert.match(await agent.get("/"), /<html/);
  // With the first round, which takes a second.
  while (!(await agent.get("/metrics")).includes("\nlinux_syscall_count_total{")) await setTimeout(50);

  assert.equal(await agent.end(), 0, agent.stderr);
  // What nobody took is kept.
  assert.ok(readdirSync(state, { recursive: true }).length > 0);
});

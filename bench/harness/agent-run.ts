import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fromRoot } from "../../scripts/repository.ts";
import { cpuTimeNs, type ProcessMemory, processBpf, processMemory } from "./processes.ts";
import { now } from "./statistics.ts";

/** Each answer is work for the agent, beside its start. */
const POLL_MS = 100;
const START_LIMIT_MS = 60_000;
/** Reason of a tracer whose turn has not come yet: `TracerSlot`. */
const NOT_STARTED = "it has not been started yet";

interface Health {
  /** Absent before the first round. */
  readonly self?: object;
  readonly tracers: readonly { readonly name: string; readonly state: string; readonly reason?: string }[];
}

export interface AgentOptions {
  /** Whom it traces, with their children; everybody when absent, and all as it is without a configuration. */
  readonly pids?: readonly number[];
  /** Where it keeps its compiled code when it is told to end. Default: a folder of its own, which is empty. */
  readonly cacheFolder?: string;
}

export interface AgentMemory extends ProcessMemory {
  /** Kernel memory of its BPF maps. */
  readonly mapBytes: number;
}

/** `skep run` with all that is on by default, and its page: on a free port where it has a configuration. */
export class AgentRun implements AsyncDisposable {
  readonly #folder: string = mkdtempSync(join(tmpdir(), "skep-bench-"));
  readonly #startedNs: number = now();
  readonly #child: ChildProcess;
  #said = "";
  #page: { readonly origin: string; readonly token: string } | undefined;

  private constructor({ pids, cacheFolder }: AgentOptions) {
    const configured = pids === undefined ? [] : ["-c", this.#configuration(pids)];
    this.#child = spawn(process.execPath, [fromRoot("packages/agent/bin/skep.mjs"), "run", ...configured], {
      stdio: ["ignore", "ignore", "pipe"],
      // Counting coverage, as when a test starts this, takes memory of its own.
      env: { ...process.env, NODE_V8_COVERAGE: undefined, XDG_CACHE_HOME: cacheFolder ?? this.#folder },
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#said += text;
    });
  }

  static async start(options: AgentOptions = {}): Promise<AgentRun> {
    const run = new AgentRun(options);
    try {
      await run.#firstData();
      return run;
    } catch (error) {
      await run[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** From the start of its process to when its page has the first numbers, of some tracer. */
  firstDataNs = 0;
  /** The same, of each tracer. */
  allDataNs = 0;

  /** CPU time so far, user and system. */
  get cpuNs(): number {
    return cpuTimeNs(this.#pid);
  }

  /** Time in each of its BPF programs so far, while BPF statistics were on. */
  get programsNs(): ReadonlyMap<string, number> {
    return processBpf(this.#pid).programsNs;
  }

  memory(): AgentMemory {
    const memory = processMemory(this.#pid);
    if (memory === undefined) throw new Error(`the agent ended before its time:\n${this.#said}`);
    return { ...memory, mapBytes: processBpf(this.#pid).mapBytes };
  }

  /** What it does less than it is configured to, and why. */
  async reductions(): Promise<string[]> {
    const { tracers } = await this.#health();
    return tracers
      .filter(({ state, reason = "" }) => state !== "on" && reason.startsWith("Skep took"))
      .map(({ name, reason }) => `${name}: ${reason}`);
  }

  /** As an operator ends it. */
  async end(): Promise<void> {
    await this.#endBy("SIGTERM");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endBy("SIGKILL");
    rmSync(this.#folder, { recursive: true });
  }

  async #endBy(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, "close");
    this.#child.kill(signal);
    await closed;
  }

  #configuration(pids: readonly number[]): string {
    const path = join(this.#folder, "skep.yaml");
    writeFileSync(path, `page: {port: 0}\ntargets: {pids: [${pids.join(", ")}]}\n`);
    return path;
  }

  get #pid(): number {
    return this.#child.pid ?? 0;
  }

  async #firstData(): Promise<void> {
    this.#page = await this.#pageAddress();
    // As a browser has it: told of each round, instead of asking again and again.
    const events = await this.#get("/api/events");
    const told = Promise.withResolvers<void>();
    events.setEncoding("utf8").on("data", (text: string) => {
      if (/^data:/m.test(text)) told.resolve();
    });
    events.once("error", () => undefined).once("close", told.resolve);
    // Of the first round, or where that was before, of the next one a second later: to ask would be work for the agent.
    await told.promise;
    this.firstDataNs = now() - this.#startedNs;
    events.destroy();
    while (now() - this.#startedNs < START_LIMIT_MS * 1e6) {
      const { self, tracers } = await this.#health();
      this.allDataNs = now() - this.#startedNs;
      if (self !== undefined && !tracers.some(({ reason }) => reason === NOT_STARTED)) return;
      await setTimeout(POLL_MS);
    }
    throw new Error(`the agent does not start:\n${this.#said}`);
  }

  async #pageAddress(): Promise<{ origin: string; token: string }> {
    const { stderr } = this.#child;
    for (;;) {
      const [, origin, token] = /(http:\/\/127\.0\.0\.1:\d+)\/\?token=(\S+)/.exec(this.#said) ?? [];
      if (origin !== undefined && token !== undefined) return { origin, token };
      if (stderr === null || stderr.readableEnded) throw new Error(`the agent does not start:\n${this.#said}`);
      await Promise.race([once(stderr, "data"), once(stderr, "end")]);
    }
  }

  async #health(): Promise<Health> {
    let text = "";
    for await (const part of (await this.#get("/api/health")).setEncoding("utf8")) text += part;
    return JSON.parse(text) as Health;
  }

  async #get(path: string): Promise<IncomingMessage> {
    if (this.#page === undefined) throw new Error("the agent has no page yet");
    const { origin, token } = this.#page;
    const [response] = await once(
      get(`${origin}${path}`, { headers: { authorization: `Bearer ${token}` } }),
      "response",
    );
    return response as IncomingMessage;
  }
}

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import type { ClientPart } from "../reference-load/client.ts";

/** What keeps two CPUs busy to 23 to 34 %, the faster ones to less, the process starts and their ends included. */
export const REFERENCE_LOAD = {
  requestsPerSecond: 300,
  syscallsPerSecond: 20_000,
  startsPerSecond: 20,
  workerBusyShare: 0.3,
} as const;

/** What the load achieved in one part of its run. */
export interface LoadPart extends ClientPart {
  /** Of all CPUs, whoever used them. */
  readonly machineBusyShare: number;
}

/** A service under a fixed rate of requests, beside a program that makes system calls and starts processes. */
export class ReferenceLoad implements AsyncDisposable {
  readonly #children: readonly ChildProcess[];
  readonly #client: ChildProcess;
  #cpuSince: MachineCpu = machineCpu();

  private constructor(client: ChildProcess, children: readonly ChildProcess[]) {
    this.#client = client;
    this.#children = children;
  }

  static async start(): Promise<ReferenceLoad> {
    const { requestsPerSecond, syscallsPerSecond, startsPerSecond, workerBusyShare } = REFERENCE_LOAD;
    const server = startPart("server", fileURLToPath(import.meta.url));
    const [{ port }] = (await once(server, "message")) as [{ readonly port: number }];
    const client = startPart("client", `${port}`, `${requestsPerSecond}`);
    const worker = startPart("worker", `${syscallsPerSecond}`, `${startsPerSecond}`, `${workerBusyShare}`);
    return new ReferenceLoad(client, [server, client, worker]);
  }

  /** Those that it consists of; the programs that it starts are children of theirs. */
  get pids(): readonly number[] {
    return this.#children.flatMap(({ pid }) => pid ?? []);
  }

  /** What it achieved since this was asked before. */
  async takePart(): Promise<LoadPart> {
    const answer = once(this.#client, "message");
    this.#client.send("part");
    const [part] = (await answer) as [ClientPart];
    const cpu = machineCpu();
    const { busyMs, totalMs } = this.#cpuSince;
    this.#cpuSince = cpu;
    return { ...part, machineBusyShare: (cpu.busyMs - busyMs) / (cpu.totalMs - totalMs) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#children.map((child) => once(child, "close"));
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all(ended);
  }
}

/** It ends when we do, by its channel to us. */
function startPart(name: string, ...args: readonly string[]): ChildProcess {
  const program = new URL(`../reference-load/${name}.ts`, import.meta.url);
  return fork(program, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
}

interface MachineCpu {
  readonly busyMs: number;
  readonly totalMs: number;
}

function machineCpu(): MachineCpu {
  let busyMs = 0;
  let idleMs = 0;
  for (const { times } of cpus()) {
    busyMs += times.user + times.nice + times.sys + times.irq;
    idleMs += times.idle;
  }
  return { busyMs, totalMs: busyMs + idleMs };
}

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism, cpus } from "node:os";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ClientPart } from "../reference-load/client.ts";

/** What it does, whatever the machine; a faster one has more to burn until it is as busy. */
export const REFERENCE_LOAD = {
  requestsPerSecond: 300,
  syscallsPerSecond: 20_000,
  startsPerSecond: 20,
  /** Of all CPUs, before anything is traced. */
  machineBusyShare: 0.5,
} as const;

const WARM_UP_MS = 2_000;
/** How long it is watched to learn how busy the machine is. */
const WATCH_MS = 3_000;
/** CPUs that share a core are slower together: what one of them burns makes the other busier, too. */
const BURN_CORRECTIONS = 2;

/** What the load achieved in one part of its run. */
export interface LoadPart extends ClientPart {
  /** Of all CPUs, whoever used them. */
  readonly machineBusyShare: number;
}

/**
 * A service under a fixed rate of requests, beside a worker for each CPU that makes system calls, starts processes, and
 * burns what the machine has left of the share that it is to be busy.
 */
export class ReferenceLoad implements AsyncDisposable {
  readonly #children: readonly ChildProcess[];
  readonly #client: ChildProcess;
  #cpuSince: MachineCpu = machineCpu();

  private constructor(client: ChildProcess, children: readonly ChildProcess[]) {
    this.#client = client;
    this.#children = children;
  }

  static async start(): Promise<ReferenceLoad> {
    const { requestsPerSecond, syscallsPerSecond, startsPerSecond } = REFERENCE_LOAD;
    const server = startPart("server", fileURLToPath(import.meta.url));
    const [{ port }] = (await once(server, "message")) as [{ readonly port: number }];
    const client = startPart("client", `${port}`, `${requestsPerSecond}`);
    const cpuCount = availableParallelism();
    const workers = Array.from({ length: cpuCount }, () =>
      startPart("worker", `${syscallsPerSecond / cpuCount}`, `${startsPerSecond / cpuCount}`),
    );
    const load = new ReferenceLoad(client, [server, client, ...workers]);
    await setTimeout(WARM_UP_MS);
    await load.#burn(workers);
    return load;
  }

  /** What the workers burn stays as it is from then on: what runs beside the load later is not made up for. */
  async #burn(workers: readonly ChildProcess[]): Promise<void> {
    let burnShare = 0;
    for (let correction = 0; correction < BURN_CORRECTIONS; correction++) {
      await this.takePart();
      await setTimeout(WATCH_MS);
      const { machineBusyShare } = await this.takePart();
      burnShare = Math.max(0, burnShare + REFERENCE_LOAD.machineBusyShare - machineBusyShare);
      for (const worker of workers) worker.send(burnShare);
    }
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

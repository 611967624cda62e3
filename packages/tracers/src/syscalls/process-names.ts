import { printable, readProcessSummary } from "@skep/symbols";
import type { TracedProcess } from "../traced-process.ts";
import type { ProcessKey } from "./syscall-table.ts";

interface Known {
  readonly process: TracedProcess;
  /** As the kernel half gave it: when it is another one, the process runs another program. */
  readonly commandName: string;
}

/** `started` of the kernel half is in units of 2^24 ns after boot, that of /proc in ticks of 10 ms. */
const STARTED_UNIT_NS = 2 ** 24;
const TICK_NS = 1e7;
/** As a u32. */
const STARTED_RANGE = 2 ** 32;

/**
 * Who the processes are. The kernel half gives names, also of those that are gone by now; /proc adds the rest for those
 * that still run.
 */
export class ProcessNames {
  readonly #known = new Map<number, Known>();
  readonly #limit: number;

  /** @param limit how many are remembered; the ones learnt longest ago are forgotten first */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A process made calls, and is named so now. */
  learn(key: ProcessKey, commandName: string): void {
    const identity = identityOf(key);
    const known = this.#known.get(identity);
    this.#known.delete(identity);
    this.#known.set(identity, known?.commandName === commandName ? known : describe(key, commandName));
    const [oldest] = this.#known.keys();
    if (this.#known.size > this.#limit && oldest !== undefined) this.#known.delete(oldest);
  }

  get(key: ProcessKey): TracedProcess {
    return this.#known.get(identityOf(key))?.process ?? { pid: key.pid, name: "unknown" };
  }
}

/** A number for each process there ever was: a pid has 22 bits, and does not come round within a year. */
export function identityOf({ pid, started }: ProcessKey): number {
  return (started % 2 ** 31) * 2 ** 22 + pid;
}

function describe(key: ProcessKey, commandName: string): Known {
  const found = readProcessSummary(key.pid);
  const isSame = found !== undefined && startedAtTick(key.started, found.startTimeTicks);
  if (!isSame) return { commandName, process: { pid: key.pid, name: printable(commandName) } };
  const { name, executablePath, containerId } = found;
  return {
    commandName,
    process: {
      pid: key.pid,
      name,
      ...(executablePath !== undefined && { executablePath }),
      ...(containerId !== undefined && { containerId }),
    },
  };
}

/** The tick is rounded down, and so is `started`. */
function startedAtTick(started: number, tick: number): boolean {
  const first = Math.floor((tick * TICK_NS) / STARTED_UNIT_NS) % STARTED_RANGE;
  const last = Math.floor(((tick + 1) * TICK_NS) / STARTED_UNIT_NS) % STARTED_RANGE;
  return started === first || started === last;
}

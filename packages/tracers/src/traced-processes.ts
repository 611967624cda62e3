import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { containerIdOf } from "@skep/symbols";
import type { TracedProcess } from "./traced-process.ts";

/** The processes that were seen, each by its pid and the program that ran in it: one object for each. */
export class TracedProcesses {
  readonly #processes = new Map<string, TracedProcess>();
  readonly #limit: number;

  /** @param limit how many are kept; the ones looked up longest ago go first */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * @param image tells the programs of one pid apart
   * @param name as the kernel had it when the process was seen
   */
  get(pid: number, image: number, name: string): TracedProcess {
    const identity = `${pid}/${image}`;
    const known = this.#processes.get(identity);
    const process = known ?? { pid, name, ...readDetails(pid, name) };
    // Insertion order is order of use.
    this.#processes.delete(identity);
    this.#processes.set(identity, process);
    const [oldest] = this.#processes.keys();
    if (this.#processes.size > this.#limit && oldest !== undefined) this.#processes.delete(oldest);
    return process;
  }
}

/** What /proc knows of the process, unless it has ended, or runs another program by now. */
function readDetails(pid: number, name: string): Pick<TracedProcess, "executablePath" | "containerId"> {
  // Most programs that are new here have ended by now: to ask whether it is there takes a tenth of an error that says so.
  if (!existsSync(`/proc/${pid}/exe`)) return {};
  try {
    const executablePath = readlinkSync(`/proc/${pid}/exe`);
    const containerId = containerIdOf(readFileSync(`/proc/${pid}/cgroup`, "utf8"));
    // Read last: an exec before this has changed it.
    if (readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd() !== name.trimEnd()) return {};
    return { executablePath, ...(containerId !== undefined && { containerId }) };
  } catch {
    return {}; // gone, or a kernel thread, which has no executable
  }
}

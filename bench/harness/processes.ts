import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What one process holds and has used, by what /proc says of it. `pid` may be `self`. */

export interface ProcessMemory {
  /** Highest resident set so far, file pages included. */
  readonly peakBytes: number;
  /** Resident set now. */
  readonly residentBytes: number;
  /** What of it is no file's: the system cannot take it back. */
  readonly anonymousBytes: number;
}

export interface ProcessBpf {
  /** Kernel memory of the maps that the process has open. */
  readonly mapBytes: number;
  /** Runs of its perf-event programs, and the time they took; 0 while BPF statistics are off. */
  readonly sampleCount: number;
  readonly sampleNs: number;
  /** Time in each of its programs, by their ids; it grows only while BPF statistics are on. */
  readonly programsNs: ReadonlyMap<string, number>;
}

/** CPU time of all live threads, user and kernel, in nanoseconds; /proc/PID/stat has ticks of 10 ms. */
export function cpuTimeNs(pid: number): number {
  let sum = 0;
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    sum += Number(readOrEmpty(`/proc/${pid}/task/${tid}/schedstat`).split(" ")[0]);
  }
  return sum;
}

/** Undefined when it has exited. */
export function processMemory(pid: number): ProcessMemory | undefined {
  const status = readOrEmpty(`/proc/${pid}/status`);
  const kilobytes = (field: string): number | undefined => {
    const value = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const peak = kilobytes("VmHWM");
  const resident = kilobytes("VmRSS");
  const anonymous = kilobytes("RssAnon");
  // A zombie has a status without memory.
  if (peak === undefined || resident === undefined || anonymous === undefined) return undefined;
  return { peakBytes: peak * 1024, residentBytes: resident * 1024, anonymousBytes: anonymous * 1024 };
}

/** Open perf events: a profiler that has one for each CPU samples. */
export function perfEventCount(pid: number): number {
  return descriptorsOf(pid).filter((fd) => linkOrEmpty(`/proc/${pid}/fd/${fd}`) === "anon_inode:[perf_event]").length;
}

const BPF_PROG_TYPE_PERF_EVENT = "7";

/** Maps and programs that a process has open; what several of its descriptors refer to counts once. */
export function processBpf(pid: number): ProcessBpf {
  const maps = new Map<string, number>();
  const programs = new Map<string, { readonly type: string; readonly count: number; readonly ns: number }>();
  for (const fd of descriptorsOf(pid)) {
    const information = new Map<string, string>();
    for (const line of readOrEmpty(`/proc/${pid}/fdinfo/${fd}`).split("\n")) {
      const [name = "", value = ""] = line.split(/:\s*/);
      information.set(name, value);
    }
    const numberOf = (name: string): number => Number(information.get(name) ?? 0);
    const mapId = information.get("map_id");
    if (mapId !== undefined) maps.set(mapId, numberOf("memlock"));
    // Links show the id of their program, but not its run time.
    if (!information.has("run_cnt")) continue;
    const type = information.get("prog_type") ?? "";
    const id = information.get("prog_id") ?? "";
    programs.set(id, { type, count: numberOf("run_cnt"), ns: numberOf("run_time_ns") });
  }
  const samplers = [...programs.values()].filter(({ type }) => type === BPF_PROG_TYPE_PERF_EVENT);
  return {
    mapBytes: maps.values().reduce((sum, bytes) => sum + bytes, 0),
    sampleCount: samplers.reduce((sum, { count }) => sum + count, 0),
    sampleNs: samplers.reduce((sum, { ns }) => sum + ns, 0),
    programsNs: new Map([...programs].map(([id, { ns }]) => [id, ns])),
  };
}

export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

/** Addresses at which a process has the code of a file mapped: the largest of its executable mappings. */
export function executableRange(pid: number | "self", path: string): AddressRange {
  let largest: AddressRange = { start: 0, end: 0 };
  for (const line of readFileSync(`/proc/${pid}/maps`, "latin1").split("\n")) {
    const [, from = "", to = ""] = /^([0-9a-f]+)-([0-9a-f]+) r-xp /.exec(line) ?? [];
    if (from === "" || !line.endsWith(path)) continue;
    const range = { start: Number.parseInt(from, 16), end: Number.parseInt(to, 16) };
    if (range.end - range.start > largest.end - largest.start) largest = range;
  }
  if (largest.end === 0) throw new Error(`process ${pid} does not run ${path}`);
  return largest;
}

function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch (error) {
    return goneOrThrow(error, []);
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    return goneOrThrow(error, "");
  }
}

function linkOrEmpty(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    return goneOrThrow(error, "");
  }
}

/** Processes, threads and descriptors come and go while we look. */
function goneOrThrow<T>(error: unknown, answer: T): T {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ESRCH") return answer;
  throw error;
}

/** What `/proc/PID/stat` tells of a process's identity. */
export interface ProcessIdentity {
  /** Name of the main thread, as the kernel cut it to 15 bytes. */
  readonly name: string;
  /** Clock ticks from boot to its start: together with the pid, this names one process for ever. */
  readonly startTimeTicks: number;
  /** Its main thread has exited; the process too, unless other threads go on. */
  readonly isZombie: boolean;
}

/** Parses the text of `/proc/PID/stat`; undefined for anything else. */
export function parseStat(text: string): ProcessIdentity | undefined {
  // The name may hold anything, `)` and newlines too, but it is the only field that does.
  const nameStart = text.indexOf("(") + 1;
  const nameEnd = text.lastIndexOf(")");
  if (nameStart === 0 || nameEnd < nameStart) return undefined;
  // Fields count from 1, the state (field 3) comes after the name; the start time is field 22.
  const fields = text.slice(nameEnd + 2).split(" ");
  const startTime = fields[22 - 3] ?? "";
  if (!/^\d+$/.test(startTime)) return undefined;
  const name = text.slice(nameStart, nameEnd);
  return { name, startTimeTicks: Number(startTime), isZombie: fields[0] === "Z" || fields[0] === "X" };
}

/** Who a process is inside of its namespaces, from `/proc/PID/status`. */
export interface NamespaceIdentity {
  /** Its pid in the innermost pid namespace: the number that it knows itself by. */
  readonly innermostPid: number;
  /** Real and effective user ids, as seen from here. */
  readonly userIds: readonly number[];
}

/** Parses the text of `/proc/PID/status`. Kernels without pid namespaces have no `NSpid`: then it is the outer pid. */
export function parseStatus(text: string, pid: number): NamespaceIdentity {
  const innermostPid = Number(/^NSpid:\s.*?(\d+)\s*$/m.exec(text)?.[1] ?? pid);
  const userIds = /^Uid:\s+(\d+)\s+(\d+)/m.exec(text);
  return { innermostPid, userIds: userIds === null ? [] : [Number(userIds[1]), Number(userIds[2])] };
}

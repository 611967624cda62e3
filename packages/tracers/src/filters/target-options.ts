import { resolveCgroup } from "./cgroup.ts";
import { assertProcessesExist } from "./processes.ts";

/** Which processes a tracer looks at: all of them when nothing is given. */
export interface TargetOptions {
  /** Only these processes; all when absent. */
  readonly pids?: readonly number[];
  /** With `pids`: their children too, those there are and those to come. Defaults to true. */
  readonly followChildren?: boolean;
  /** With `pids`: count a process from its next exec on; for a command that waits to be started. Defaults to false. */
  readonly startOnExec?: boolean;
  /** Only what runs in this cgroup (v2) or below: absolute path, or relative to where cgroup2 is mounted. */
  readonly cgroupPath?: string;
}

/** The variables of kernel/targets.h, all of which are read-only once the programs are loaded. */
export interface TargetVariables {
  filter_targets: boolean;
  follow_children: boolean;
  filter_cgroup: boolean;
  cgroup_id: bigint;
  cgroup_level: number;
}

/**
 * What the kernel half has to be loaded with.
 *
 * @throws BpfError `not-found` or `invalid-argument` for a process or a cgroup that is not there, or is none
 */
export function targetVariables({ pids, followChildren = true, cgroupPath }: TargetOptions): TargetVariables {
  if (pids !== undefined) assertProcessesExist(pids);
  const cgroup = cgroupPath === undefined ? undefined : resolveCgroup(cgroupPath);
  return {
    filter_targets: pids !== undefined,
    follow_children: followChildren,
    filter_cgroup: cgroup !== undefined,
    cgroup_id: cgroup?.id ?? 0n,
    cgroup_level: cgroup?.level ?? 0,
  };
}

/** Processes that can be traced at once, where these are chosen one by one: those of a large parallel build. */
const TARGET_LIMIT = 16_384;

/** Sizes of the tables of kernel/targets.h; a table takes its memory even where nothing is in it. */
export function targetTableSizes({ pids }: TargetOptions): { readonly targets: number } {
  return { targets: pids === undefined ? 1 : TARGET_LIMIT };
}

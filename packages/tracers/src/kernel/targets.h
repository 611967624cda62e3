/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which processes a tracer looks at: all, those in a table (with their children), those in a cgroup. One choice for
 * all tracers; `filters/target-filter.ts` sets it.
 *
 *   fork:  a traced parent puts its child into `targets`
 *   exec:  a pending target becomes a traced one
 *   exit:  the last thread takes its process out
 */
#pragma once

#include "task.h"

/* State of a process in `targets`. */
#define TARGET_PENDING 1 /* counts from its next exec on */
#define TARGET_TRACED 2

/* Only the processes in `targets`. */
const volatile bool filter_targets = false;
/* Children of a target become targets themselves. */
const volatile bool follow_children = true;
/* Only what runs in this cgroup (v2) or below it. */
const volatile bool filter_cgroup = false;
const volatile u64 cgroup_id = 0;
const volatile u32 cgroup_level = 0;

/* pid -> TARGET_*; sized for the processes of a large parallel build. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, u32);
} targets SEC(".maps");

static __always_inline bool target_is_traced(u32 pid)
{
	u32 *state = bpf_map_lookup_elem(&targets, &pid);

	return state && *state == TARGET_TRACED;
}

static __always_inline bool target_is_wanted(struct task_struct *task, u32 pid)
{
	if (filter_targets && !target_is_traced(pid))
		return false;
	return !filter_cgroup || task_in_cgroup(task, cgroup_id, cgroup_level);
}

/* Says false when a child that should be followed found no room. */
static __always_inline bool target_forked(struct task_struct *parent, struct task_struct *child)
{
	u32 parent_pid = parent->tgid, child_pid = child->tgid, traced = TARGET_TRACED;

	if (!filter_targets || !follow_children || parent_pid == child_pid)
		return true;
	if (!target_is_traced(parent_pid))
		return true;
	return bpf_map_update_elem(&targets, &child_pid, &traced, BPF_ANY) == 0;
}

static __always_inline void target_executed(u32 pid)
{
	u32 traced = TARGET_TRACED;

	if (filter_targets && bpf_map_lookup_elem(&targets, &pid))
		bpf_map_update_elem(&targets, &pid, &traced, BPF_ANY);
}

/* To be called when the last thread of a process ends. Says whether it was a target, which user space then has to know. */
static __always_inline bool target_exited(u32 pid)
{
	return filter_targets && !bpf_map_delete_elem(&targets, &pid);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Just the fields of a task that are read, by name: CO-RE finds where they are in the running kernel.
 */
#pragma once

#include "types.h"

#define TASK_COMM_LEN 16

/* include/linux/sched.h; unchanged since 4.14 */
#define PF_KTHREAD 0x00200000
#define TASK_DEAD 0x00000080

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct kernfs_node {
	u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
	int level;
	/* 6.1+: one pointer per level, the cgroup itself last */
	struct cgroup *ancestors[];
};

struct cgroup___before_6_1 {
	u64 ancestor_ids[];
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct signal_struct {
	atomic_t live;
};

struct task_struct {
	unsigned int flags;
	/*
	 * An int, and a u8 by 7.2. Read it straight through a pointer that the verifier knows, never with
	 * BPF_CORE_READ(): CO-RE adjusts the size of a load, but not that of a copy.
	 */
	unsigned int on_cpu;
	unsigned int __state;
	int pid;
	int tgid;
	char comm[TASK_COMM_LEN];
	struct task_struct *group_leader;
	u64 start_boottime;
	struct signal_struct *signal;
	struct css_set *cgroups;
	struct mm_struct *mm;
};

struct task_struct___before_5_14 {
	volatile long state;
};

struct bpf_iter__task {
	struct task_struct *task;
};

#pragma clang attribute pop

/* What the kernel calls state was renamed in 5.14 (commit 2f064a59a11f). */
static __always_inline bool task_is_dead(struct task_struct *task)
{
	struct task_struct___before_5_14 *old = (void *)task;

	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state) & TASK_DEAD;
	return BPF_CORE_READ(old, state) & TASK_DEAD;
}

static __always_inline bool task_is_kernel_thread(struct task_struct *task)
{
	return BPF_CORE_READ(task, flags) & PF_KTHREAD;
}

/* The thread group has no other thread left: the process ends with this one, whether or not it is the leader. */
static __always_inline bool task_is_last_thread(struct task_struct *task)
{
	return BPF_CORE_READ(task, signal, live.counter) == 0;
}

/*
 * Whether the task is in the cgroup (of the v2 hierarchy) with this id at this level, or below it. The helper
 * bpf_current_task_under_cgroup() answers this for the current task alone; an iterator needs it for others.
 */
static __always_inline bool task_in_cgroup(struct task_struct *task, u64 id, int level)
{
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	struct cgroup___before_6_1 *old = (void *)cgroup;
	u64 ancestor_id = 0;

	if (BPF_CORE_READ(cgroup, level) < level)
		return false;
	if (bpf_core_field_exists(cgroup->ancestors)) {
		struct cgroup *ancestor = NULL;

		bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
				      (void *)cgroup + bpf_core_field_offset(cgroup->ancestors) +
					      level * sizeof(ancestor));
		ancestor_id = BPF_CORE_READ(ancestor, kn, id);
	} else {
		bpf_probe_read_kernel(&ancestor_id, sizeof(ancestor_id),
				      (void *)cgroup + bpf_core_field_offset(old->ancestor_ids) +
					      level * sizeof(ancestor_id));
	}
	return ancestor_id == id;
}

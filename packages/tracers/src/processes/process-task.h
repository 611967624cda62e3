/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the process tracer reads of tasks, beyond kernel/task.h.
 */
#pragma once

#include "../kernel/path.h"
#include "../kernel/task.h"

/* include/linux/sched/signal.h: the whole group ends, and group_exit_code says how. */
#define SIGNAL_GROUP_EXIT 0x00000004

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

typedef struct {
	u32 val;
} kuid_t;

struct cred {
	kuid_t uid;
};

struct sched_entity {
	u64 sum_exec_runtime;
};

/* With CONFIG_TASK_IO_ACCOUNTING, which all distributions have. */
struct task_io_accounting {
	u64 rchar;
	u64 wchar;
	u64 read_bytes;
	u64 write_bytes;
};

struct signal_struct___process {
	int nr_threads;
	struct list_head thread_head;
	int group_exit_code;
	unsigned int flags;
	unsigned long maxrss;
	struct task_io_accounting ioac;
	unsigned long long sum_sched_runtime;
};

struct mm_struct {
	unsigned long arg_start, arg_end;
	struct file___executable *exe_file;
};

struct file___executable {
	struct path f_path;
};

struct linux_binprm {
	int argc;
	const char *filename;
};

struct task_struct___process {
	struct sched_entity se;
	int exit_state;
	int exit_code;
	struct task_struct *real_parent;
	struct task_struct___process *group_leader;
	struct list_head thread_node;
	u64 start_time;
	u64 self_exec_id;
	const struct cred *cred;
	struct fs_struct *fs;
	struct signal_struct___process *signal;
	struct task_io_accounting ioac;
};

#pragma clang attribute pop

/* As task_is_dead(), of a pointer that the verifier knows: one load instead of a call. */
static __always_inline bool task_goes_for_good(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state & TASK_DEAD;
	return ((struct task_struct___before_5_14 *)task)->state & TASK_DEAD;
}

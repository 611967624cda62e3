/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The records that go to user space, and the ring that they go through: one for all, so that what caused what comes in
 * order. `process-records.ts` reads them.
 */
#pragma once

#include "../kernel/targets.h"
#include "process-task.h"

/* Kinds of records. */
#define RECORD_CGROUP 1
#define RECORD_START 2
#define RECORD_EXEC 3
#define RECORD_EXEC_FAILURE 4
#define RECORD_EXIT 5

/* What all records begin with, but that of a cgroup. */
struct process_record {
	u32 kind;
	u32 pid;
	u32 parent_pid;
	u32 user_id;
	u64 time_ns; /* CLOCK_MONOTONIC */
	u64 cgroup_id;
	char name[TASK_COMM_LEN];
};

/* Of the arguments of one exec, no more than this. */
#define ARGUMENTS_BYTES 8192
/* Where a part may begin, behind up to three paths. A power of two less one, as path.h wants it. */
#define EXEC_DATA_MASK 16383

struct exec_record {
	struct process_record process;
	s32 error;	      /* errno, positive; 0: it runs */
	s32 directory_fd;     /* what a relative path was relative to */
	u32 argument_count;   /* of a failure: those that were read */
	u32 arguments_whole;  /* nothing is missing from them */
	u32 executable_flags; /* PATH_* */
	u32 directory_flags;
	/* How much of data the parts take, one after the other: */
	u32 path_bytes;	      /* the path as it was given, with its NUL */
	u32 executable_bytes; /* names of the executable's path, leaf first */
	u32 directory_bytes;  /* names of the working directory's */
	u32 arguments_bytes;  /* arguments, each with its NUL */
	char data[EXEC_DATA_MASK + 1 + ARGUMENTS_BYTES];
};

/* What a thread, or all threads of a process, took. */
struct times {
	u64 cpu_ns;
	u64 read_bytes;
	u64 written_bytes;
	u64 read_chars;
	u64 written_chars;
};

struct exit_record {
	struct process_record process;
	u64 lifetime_ns;
	u64 peak_resident_pages;
	struct times took;
	s32 exit_code; /* as wait() has it */
	u32 unused;
};

struct counters {
	u64 starts; /* seen: sent or lost */
	u64 execs;
	u64 exec_failures;
	u64 exits;
	u64 starts_lost; /* no room in the ring */
	u64 execs_lost;
	u64 exec_failures_lost;
	u64 exits_lost;
	u64 cgroups_lost;	/* their events come without a path */
	u64 targets_full;	/* children not followed: no room in targets */
	u64 endings_full;	/* threads whose CPU time lacks their last moments: no room in endings */
	u64 process_times_full; /* ... that of threads that ended before the last one: no room in process_times */
};

/*
 * Read every 100 ms. An exec with its start and its exit takes some 600 bytes. User space sets half of this, which has
 * room for 8,500 of them a second, unless it is told otherwise. Longer arguments take more.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} events SEC(".maps");

/* By kind of record, FIRST and SECOND. */
#define CGROUP_SCRATCH_PLACES (2 * (RECORD_EXIT + 1))
#include "../kernel/cgroup-record.h"

/*
 * By 7.2 the kernel may switch to another task in the middle of a program at a tracepoint, and skips that program for
 * whatever happens on this CPU until it has come to its end (recursion_misses). So there are two of each: what one cannot
 * do the other one does. The one that comes first says so here, and the other one leaves it.
 */
#define FIRST 0
#define SECOND 1

struct occurrence {
	u64 task; /* address of the task that it happened to */
	u64 kind; /* RECORD_* */
};

/*
 * What was seen -> stamp that tells it from what happened to a task at that address before. Of use from one program to the
 * other: microseconds, or what a task has to wait for its CPU between them. 4,096 are 0.7 s of 2,000 execs a second.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct occurrence);
	__type(value, u64);
} seen SEC(".maps");

/* Says false when the other program has seen it. */
static __always_inline bool see(struct task_struct *task, u64 kind, u64 stamp)
{
	struct occurrence occurrence = { .task = (u64)task, .kind = kind };
	u64 *before = bpf_map_lookup_elem(&seen, &occurrence);

	if (before && *before == stamp)
		return false;
	bpf_map_update_elem(&seen, &occurrence, &stamp, BPF_ANY);
	return true;
}

/*
 * Where records of variable size are put together: more than a program's stack has. One a CPU for each program, since
 * one may be interrupted by another.
 */
#define EXEC_SCRATCH_FAILURE 2

struct exec_scratch {
	struct path_walk walk;
	struct exec_record record;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 3); /* FIRST, SECOND, EXEC_SCRATCH_FAILURE */
	__type(key, u32);
	__type(value, struct exec_scratch);
} exec_scratch SEC(".maps");

/* Says false when the ring has no room. */
static __always_inline bool send(void *record, u64 size)
{
	return bpf_ringbuf_output(&events, record, size, wake_up()) == 0;
}

/* What all records say of a process. Its cgroup's own record goes out first. */
static __always_inline void describe_process(struct process_record *record, u32 kind, struct task_struct *thread,
					     u32 program)
{
	struct task_struct___process *task = (void *)thread;
	struct cgroup *cgroup = BPF_CORE_READ(thread, cgroups, dfl_cgrp);
	u64 cgroup_id = BPF_CORE_READ(cgroup, kn, id);

	introduce_cgroup((u64)cgroup, cgroup_id, 2 * kind + program);
	record->kind = kind;
	record->pid = BPF_CORE_READ(thread, tgid);
	record->parent_pid = BPF_CORE_READ(task, real_parent, tgid);
	record->user_id = BPF_CORE_READ(task, cred, uid.val);
	record->time_ns = bpf_ktime_get_ns();
	record->cgroup_id = cgroup_id;
	bpf_probe_read_kernel_str(record->name, sizeof(record->name), BPF_CORE_READ(thread, group_leader)->comm);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The end of a process, and what it took.
 *
 * A thread ends in two steps that can be seen. At sched_process_exit it is whole still. But the scheduler has accounted
 * for its time up to the last tick or switch only: of a program that runs for a millisecond, most is missing. At its last
 * sched_switch that is complete. So the first step notes the thread in `endings`, and the second one finishes it.
 *
 * A process ends with its last thread, in whatever order they go. Threads that go at the same time may all see
 * signal->live at 0 in the first step, which is counted down long before it (the tracepoint says which one was the last
 * since 6.16 only). Of these, one that finishes when all others have taken the first step ends the process, and the first
 * to take its row out of `process_times` is the only one. The last to take the first step always qualifies. What another
 * one ran since the last tick is missing then, if it has not taken the second step.
 */
#pragma once

#include "records.h"

/* Threads looked at for one that has not taken the first step. Few are ever between the two when the last one is. */
#define THREADS_LOOKED_AT 128
/* ... so many at a time. */
#define THREADS_OF_PIECE 8

/* Of the threads of a process that took the first step, and of those that ended before the tracer came. */
struct process_times {
	struct times sums;
	u64 unknown_endings; /* threads that found no room in endings */
};

struct ending {
	/* Complete where the process may end with this thread, but for what it took: of a process with one thread, its own. */
	struct exit_record record;
	u64 counted_ns;	  /* CPU time of the thread that is in process_times */
	bool may_be_last; /* no other thread was alive */
	bool one_of_many; /* the process has a row in process_times */
};

/*
 * task -> a thread between the two steps, which takes microseconds, or what closing its files takes. Room for 1,024;
 * without room a process ends with the first step, and that is counted.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, struct ending);
} endings SEC(".maps");

/* Of processes that outlived one of their threads: servers and runtimes, of which a machine has hundreds. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct process_times);
} process_times SEC(".maps");

static __always_inline void read_io(struct task_io_accounting *io, struct times *times)
{
	times->read_bytes = BPF_CORE_READ(io, read_bytes);
	times->written_bytes = BPF_CORE_READ(io, write_bytes);
	times->read_chars = BPF_CORE_READ(io, rchar);
	times->written_chars = BPF_CORE_READ(io, wchar);
}

/* Of this thread, up to now. */
static __always_inline void read_thread_times(struct task_struct___process *task, struct times *times)
{
	times->cpu_ns = BPF_CORE_READ(task, se.sum_exec_runtime);
	read_io(&task->ioac, times);
}

/* Of those threads of the process that the kernel has summed up: they ended, and are gone. */
static __always_inline void read_released_times(struct task_struct___process *task, struct times *times)
{
	struct signal_struct___process *signal = BPF_CORE_READ(task, signal);

	times->cpu_ns = BPF_CORE_READ(signal, sum_sched_runtime);
	read_io(&signal->ioac, times);
}

static __always_inline void add_times(struct times *sums, const struct times *times)
{
	__sync_fetch_and_add(&sums->cpu_ns, times->cpu_ns);
	__sync_fetch_and_add(&sums->read_bytes, times->read_bytes);
	__sync_fetch_and_add(&sums->written_bytes, times->written_bytes);
	__sync_fetch_and_add(&sums->read_chars, times->read_chars);
	__sync_fetch_and_add(&sums->written_chars, times->written_chars);
}

static __always_inline struct process_times *find_or_create_times(u32 pid, struct task_struct___process *task)
{
	struct process_times *times = bpf_map_lookup_elem(&process_times, &pid);
	struct process_times fresh = {};

	if (times)
		return times;
	/* A process that never had another thread has nothing to sum up. */
	if (BPF_CORE_READ(task, signal, nr_threads) == 1)
		return NULL;
	read_released_times(task, &fresh.sums);
	bpf_map_update_elem(&process_times, &pid, &fresh, BPF_NOEXIST);
	times = bpf_map_lookup_elem(&process_times, &pid);
	if (!times)
		COUNT(process_times_full);
	return times;
}

/* What wait() will say, by the rule of wait_task_zombie() in kernel/exit.c. */
static __always_inline int exit_code_of(struct task_struct___process *task)
{
	struct signal_struct___process *signal = BPF_CORE_READ(task, signal);

	/* Since 6.0 always: the code is that of who ended the group, or of the last thread to end by itself. */
	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

static __always_inline void send_exit(struct exit_record *record)
{
	target_exited(record->process.pid); /* before user space is told, which then looks what is left */
	COUNT(exits);
	if (!send(record, sizeof(*record)))
		COUNT(exits_lost);
}

/* Of a process that has one thread. */
static __always_inline void send_exit_of_one(struct ending *ending, struct task_struct___process *task)
{
	struct times own;

	read_thread_times(task, &own);
	add_times(&ending->record.took, &own);
	send_exit(&ending->record);
}

static __always_inline void send_exit_of_many(struct ending *ending, struct process_times *process)
{
	u32 pid = ending->record.process.pid;

	ending->record.took = process->sums;
	if (!bpf_map_delete_elem(&process_times, &pid))
		send_exit(&ending->record);
}

/* First step. */
static __always_inline void begin_ending(struct task_struct *thread, u32 program)
{
	struct task_struct___process *task = (void *)thread;
	u32 pid = thread->tgid;
	u64 key = (u64)thread;
	struct process_times *process = find_or_create_times(pid, task);
	struct times times;
	struct ending ending = {};

	ending.record.process.pid = pid;
	ending.one_of_many = process;
	ending.may_be_last = task_is_last_thread(thread);
	if (ending.may_be_last) {
		describe_process(&ending.record.process, RECORD_EXIT, thread, program);
		ending.record.lifetime_ns =
			ending.record.process.time_ns - BPF_CORE_READ(task, group_leader, start_time);
		ending.record.exit_code = exit_code_of(task);
		ending.record.peak_resident_pages = BPF_CORE_READ(task, signal, maxrss);
	}
	if (process) {
		read_thread_times(task, &times);
		add_times(&process->sums, &times);
		ending.counted_ns = times.cpu_ns;
	} else {
		/* Threads that an exec ended. Not later: a parent that is quick has this one among the released by then. */
		read_released_times(task, &ending.record.took);
	}
	if (!bpf_map_update_elem(&endings, &key, &ending, BPF_ANY))
		return;
	COUNT(endings_full);
	if (process)
		__sync_fetch_and_add(&process->unknown_endings, 1);
	if (!ending.may_be_last)
		return;
	if (process)
		send_exit_of_many(&ending, process);
	else
		send_exit_of_one(&ending, task);
}

/*
 * Looks at some of the threads behind this node of the list that begins at head. Answers the last of them where it has to go
 * on from there; head where it came to the end; 0 where one has not taken the first step.
 *
 * Not static: the verifier follows each round of a loop, and so looks at those of one piece alone.
 */
__attribute__((noinline)) u64 pass_ending_threads(u64 node_address, u64 head)
{
	struct list_head *node = (void *)node_address;

	for (u32 i = 0; i < THREADS_OF_PIECE; i++) {
		struct task_struct___process *other;
		u64 key;

		node = BPF_CORE_READ(node, next);
		if ((u64)node == head || !node)
			return head;
		other = (void *)node - bpf_core_field_offset(struct task_struct___process, thread_node);
		key = (u64)other;
		if (!BPF_CORE_READ(other, exit_state) && !bpf_map_lookup_elem(&endings, &key))
			return 0;
	}
	return (u64)node;
}

/*
 * Another thread of the process has not taken the first step: whatever it took is not in the sums. The task itself still is in
 * `endings`.
 */
static __always_inline bool others_are_to_come(struct task_struct___process *task)
{
	struct signal_struct___process *signal = BPF_CORE_READ(task, signal);
	u64 head = (u64)&signal->thread_head;
	u64 node = head;

	for (u32 i = 0; i < THREADS_LOOKED_AT; i += THREADS_OF_PIECE) {
		node = pass_ending_threads(node, head);
		if (node == head)
			return false;
		if (!node)
			return true;
	}
	return false;
}

/* Second step. */
static __always_inline void finish_ending(struct task_struct *thread)
{
	struct task_struct___process *task = (void *)thread;
	u64 key = (u64)thread;
	struct ending *ending = bpf_map_lookup_elem(&endings, &key);
	struct process_times *process;
	u32 pid;

	if (!ending)
		return;
	if (!ending->one_of_many) {
		if (ending->may_be_last)
			send_exit_of_one(ending, task);
	} else {
		pid = ending->record.process.pid;
		process = bpf_map_lookup_elem(&process_times, &pid);
		if (process) {
			__sync_fetch_and_add(&process->sums.cpu_ns,
					     BPF_CORE_READ(task, se.sum_exec_runtime) - ending->counted_ns);
			if (ending->may_be_last && (process->unknown_endings || !others_are_to_come(task)))
				send_exit_of_many(ending, process);
		}
	}
	bpf_map_delete_elem(&endings, &key);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Kernel half of the tracer of system calls: counts them by process and call, measures how long they take.
 *
 *   sys_enter --> under_way             thread -> call, since when   \
 *   sys_exit ---> front_durations_0|1,                                } with latencies
 *                 durations_0|1         process, call -> histogram   /
 *   sys_exit ---> front_counts_0|1,
 *                 counts_0|1            process, call -> calls         without
 *            \--> errors_0|1            process, call, error -> calls
 *   the first call of a process ------> names_0|1
 *
 * A call counts when it returns. Those that end their thread do not: they count when it ends.
 */
#include "../kernel/syscall-program.h"
#include "rows.h"
#include "under-way.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* What there is to know of a call beforehand. User space sets these by name. */
#define CALL_WANTED 1	       /* is to be counted */
#define CALL_NEVER_RETURNS 2   /* exit, exit_group */
#define CALL_RETURNS_TWICE 4   /* clone and the like: with 0, in the new thread */
#define CALL_EXECUTES 8	       /* execve, execveat */
#define CALL_MAY_BE_ANOTHER 16 /* may stand for another one at its end: see call_at_end() */

#define ENOSYS 38

/* CALL_* by id. */
const volatile u8 call_traits[SYSCALL_IDS] = {};
/* Ids of the return from a signal handler. */
const volatile u32 call_sigreturn = 0;
const volatile u32 call_sigreturn_compat = 0;

static __always_inline u8 traits_of(u32 call)
{
	return call_traits[call & (SYSCALL_IDS - 1)];
}

static __always_inline void describe_caller(struct caller *caller)
{
	if (has_current_task_btf()) {
		struct task_struct *task = bpf_get_current_task_btf();

		caller->task = task;
		caller->process.pid = task->tgid;
		caller->process.started = start_of_process(task->group_leader->start_boottime);
		caller->tid = task->pid;
		caller->compat = task_syscall_is_compat(task);
	} else {
		struct task_struct *task = (void *)bpf_get_current_task();

		caller->task = task;
		caller->process.pid = bpf_get_current_pid_tgid() >> 32;
		caller->process.started = start_of_process(BPF_CORE_READ(task, group_leader, start_boottime));
		caller->tid = bpf_get_current_pid_tgid();
		caller->compat = syscall_is_compat();
	}
}

/* A target that waits for its exec is in that very call already when it becomes traced. */
static __always_inline bool start_is_wanted(const struct caller *caller)
{
	if (filter_targets && !bpf_map_lookup_elem(&targets, &caller->process.pid))
		return false;
	return !filter_cgroup || task_in_cgroup(caller->task, cgroup_id, cgroup_level);
}

/*
 * Which call ends, by its number alone. rt_sigreturn leaves none behind, since it restores the registers of what the
 * signal interrupted. Whoever asks for call -1 gets the same, but also an error that the interrupted code will not have
 * left in that register.
 */
static __always_inline u32 call_at_end(const struct caller *caller, long number, long result)
{
	if (number != -1 || result == -ENOSYS)
		return syscall_id(number, caller->compat);
	return caller->compat ? call_sigreturn_compat : call_sigreturn;
}

/*
 * Which call ended, its start not having been seen: the registers may say something else. An exec leaves a number behind
 * that suits the new program (x86: execve, also after execveat; arm64 before 5.18: -1), but on_rename has noted it.
 */
static __always_inline u32 unseen_call_at_end(const struct caller *caller, long number, long result)
{
	struct call_under_way *noted = bpf_map_lookup_elem(&more_under_way, &caller->tid);
	u32 call;

	if (!noted)
		return call_at_end(caller, number, result);
	call = noted->thread_and_call;
	bpf_map_delete_elem(&more_under_way, &caller->tid);
	return call;
}

/* Counts the call that ended. 0 is its duration where that isn't known. */
static __always_inline void finish_call(const struct caller *caller, u32 call, u64 duration_ns, long result)
{
	u8 traits = traits_of(call);

	if (!(traits & CALL_WANTED) || !target_is_wanted(caller->task, caller->process.pid))
		return;
	if (caller->compat)
		result = (s32)result;
	if (traits & CALL_RETURNS_TWICE && result == 0)
		return;
	if (timed && !duration_ns)
		COUNT(start_not_seen);
	count_call(caller, call, duration_ns, result, false);
}

/* The programs marked with a question mark are only loaded in the mode that they are for. */
SYSCALL_END_PROGRAM(on_return, struct pt_regs *regs, long result)
{
	struct caller caller;
	u32 call;

	describe_caller(&caller);
	call = syscall_id(syscall_number(regs), caller.compat);
	if (traits_of(call) & CALL_MAY_BE_ANOTHER)
		call = unseen_call_at_end(&caller, syscall_number(regs), result);
	finish_call(&caller, call, 0, result);
	return 0;
}

/* Notes which call it is that executes another program, at its point of no return and before it changes the registers. */
SEC("?tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task)
{
	struct call_under_way note = {};
	u32 tid = bpf_get_current_pid_tgid(), call;

	if (task->pid != tid)
		return 0;
	call = syscall_id(task_syscall_number(task), syscall_is_compat());
	note.thread_and_call = (u64)tid << 32 | call;
	if (traits_of(call) & CALL_EXECUTES)
		bpf_map_update_elem(&more_under_way, &tid, &note, BPF_ANY);
	return 0;
}

SYSCALL_START_PROGRAM(on_start, struct pt_regs *regs, long number)
{
	struct caller caller;
	u32 call;

	describe_caller(&caller);
	call = syscall_id(number, caller.compat);
	if (traits_of(call) & CALL_WANTED && start_is_wanted(&caller))
		begin_call(caller.tid, call, &caller.process);
	return 0;
}

SYSCALL_END_PROGRAM(on_timed_return, struct pt_regs *regs, long result)
{
	u64 now, since_ns, duration_ns = 0;
	struct caller caller;
	u32 call;

	describe_caller(&caller);
	call = syscall_id(syscall_number(regs), caller.compat);
	if (!(traits_of(call) & (CALL_WANTED | CALL_MAY_BE_ANOTHER)))
		return 0;
	now = bpf_ktime_get_ns();
	if (end_call(caller.tid, &call, &since_ns))
		/* 1 at least: 0 says that it isn't known. */
		duration_ns = now > since_ns ? now - since_ns : 1;
	else
		call = call_at_end(&caller, syscall_number(regs), result);
	finish_call(&caller, call, duration_ns, result);
	return 0;
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (!target_forked(parent, child))
		COUNT(targets_full);
	return 0;
}

static __always_inline void identify_process(struct task_struct *task, struct process_key *process)
{
	process->pid = task->tgid;
	process->started = start_of_process(task->group_leader->start_boottime);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_tid)
{
	struct process_key process;
	u64 since_ns;
	u32 call;

	identify_process(task, &process);
	/* Of several threads the one that executes becomes the first one, and takes over its tid. */
	if (timed && old_tid != process.pid && end_call(old_tid, &call, &since_ns)) {
		struct call_under_way moved = {
			.thread_and_call = (u64)process.pid << 32 | call,
			.since_ns = since_ns,
			.process = process,
		};

		bpf_map_update_elem(&more_under_way, &process.pid, &moved, BPF_ANY);
	}
	target_executed(process.pid);
	if (target_is_wanted(task, process.pid))
		name_process(task, &process);
	return 0;
}

/* Counts the calls that end a thread. One that was killed inside another call has come back from it before (sys_exit). */
static __always_inline void count_last_call(struct task_struct *task)
{
	struct caller caller = { .task = task, .tid = task->pid, .compat = syscall_is_compat() };
	u32 call = syscall_id(task_syscall_number(task), caller.compat);
	u8 traits = traits_of(call);

	identify_process(task, &caller.process);
	if (traits & CALL_NEVER_RETURNS && traits & CALL_WANTED && target_is_wanted(task, caller.process.pid))
		count_call(&caller, call, 0, 0, true);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	u32 pid = task->tgid;

	count_last_call(task);
	forget_thread(task->pid);
	if (task_is_last_thread(task) && target_exited(pid))
		send_event(EVENT_TARGET_EXITED, pid);
	return 0;
}

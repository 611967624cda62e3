// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Kernel half of the tracer of system calls: counts them by process and call, measures how long they take.
 *
 *   sys_enter ---> under_way     tid -> call, since when            \
 *   sys_exit ----> durations_0|1 process + call + CPU -> histogram   } with latencies
 *   sys_exit ----> counts_0|1    process + call + CPU -> calls         without
 *             \--> errors_0|1    the same + errno -> calls             where it failed
 *   the first call of a process -> names_0|1
 *
 * There are two of each table, and `active` says which one is filled. User space flips it, waits for the programs that
 * still run to end, and takes all of the other one.
 *
 * Rows belong to one CPU, whose number is in the key: nobody else writes to them, and so there is no atomic operation
 * and no cache line on its way between CPUs where calls are counted. On that CPU the program is never inside itself:
 * up to 6.x it cannot be preempted (tracepoints switch preemption off), and where it can be, from 7.0 on, the kernel
 * leaves out a run that would be nested (bpf_prog's `active`, kernel/trace/bpf_trace.c) and counts it, which is
 * `lost.recursion`. A per-CPU hash would give the same, and take the memory of all CPUs for each row.
 */
#include "../kernel/syscall.h"
#include "../kernel/targets.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Kinds of records in `events`. */
#define EVENT_TARGET_EXITED 1
#define EVENT_TABLES_FILLING 2

/* What there is to know of a call beforehand. User space sets these by name. */
#define CALL_WANTED 1	       /* is to be counted */
#define CALL_NEVER_RETURNS 2   /* exit, exit_group */
#define CALL_RETURNS_TWICE 4   /* clone and the like: with 0, in the new thread */
#define CALL_EXECUTES 8	       /* execve, execveat */
#define CALL_MAY_BE_ANOTHER 16 /* may stand for another one at its end: see call_at_exit() */

/* log2 of nanoseconds; the last one, from 39 hours on, holds all above it. */
#define BUCKETS 48

/* Numbers of errors: MAX_ERRNO of include/linux/err.h */
#define MAX_ERRNO 4095
#define ENOSYS 38

/* With latencies, which take two programs; else only calls are counted. */
const volatile bool timed = true;
/* CALL_* by id. */
const volatile u8 call_traits[SYSCALL_IDS] = {};
/* Ids of the return from a signal handler. */
const volatile u32 call_sigreturn = 0;
const volatile u32 call_sigreturn_compat = 0;
/* How many rows may be new in the tables before user space is to take them. */
const volatile u32 filling_rows = 1;

/* Which tables are filled: 0 or 1. Written by user space alone. */
volatile u32 active = 0;
/* Rows that were made since then, and whether user space was asked to flip it. It sets both back when it does. */
volatile u32 rows_made = 0;
volatile bool asked_to_flip = false;

/* A row for each process, call and CPU. With `started`, a pid that is used again is another process. */
struct call_key {
	u32 pid;
	u32 started;
	u16 call;
	u16 cpu;
};

struct error_key {
	struct call_key call;
	u32 error;
};

struct durations {
	u64 calls;
	u64 total_ns;
	u64 max_ns;
	u32 histogram[BUCKETS];
};

struct process_key {
	u32 pid;
	u32 started;
};

struct process_name {
	char name[TASK_COMM_LEN];
};

struct call_under_way {
	u64 since_ns; /* 0: the thread is not in a call */
	u32 pid;
	u32 started;
	u32 call;
	u32 unused;
};

/* What found no room in the tables: per call alone, for which there is always room. */
struct unattributed {
	u64 calls;
	u64 errors;
};

struct counters {
	u64 start_not_seen; /* calls without latency */
	u64 targets_full;   /* children not followed: no room in targets */
	u64 names_full;	    /* processes without a name */
	u64 events_full;    /* no room in events */
	u64 unattributed;   /* how often something was added to the table of that name */
};

struct event {
	u32 kind;
	u32 pid;
};

/* Those of the other mode have one row. The size of these, errors and names is set by user space, by the CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct call_key);
	__type(value, u64);
} counts_0 SEC(".maps"), counts_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct call_key);
	__type(value, struct durations);
} durations_0 SEC(".maps"), durations_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct error_key);
	__type(value, u64);
} errors_0 SEC(".maps"), errors_1 SEC(".maps");

/* Processes with a row; as many as rows at worst. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct process_key);
	__type(value, struct process_name);
} names_0 SEC(".maps"), names_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SYSCALL_IDS);
	__type(key, u32);
	__type(value, struct unattributed);
} unattributed SEC(".maps");

/*
 * tid -> the call that the thread is in; sized by user space from the number of threads. A thread keeps its row until
 * it ends: to write into it is cheaper than to make and delete one per call. Without latencies only for the time from
 * an exec's point of no return to its end, which is why 1,024 will do there.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct call_under_way);
} under_way SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counters);
} counters SEC(".maps");

/* 16 bytes a record: 250 targets that ended since the last wake-up. Who finds no room is found by looking. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

static const u32 zero = 0;
static const u64 no_calls = 0;
static const struct durations no_durations = {};

/* The thread that makes a call. */
struct caller {
	struct task_struct *task;
	u32 pid;
	u32 tid;
	u32 started;
	bool compat;
};

#define COUNT(counter)                                                                 \
	do {                                                                           \
		struct counters *counters_ = bpf_map_lookup_elem(&counters, &zero);    \
		if (counters_)                                                         \
			__sync_fetch_and_add(&counters_->counter, 1);                  \
	} while (0)

static void send_event(u32 kind, u32 pid)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		COUNT(events_full);
		return;
	}
	event->kind = kind;
	event->pid = pid;
	bpf_ringbuf_submit(event, 0);
}

/* In units of 17 ms, of which 32 bits last for two years. No pid comes round as fast as one of them. */
static __always_inline u32 start_of_process(u64 start_boottime_ns)
{
	return start_boottime_ns >> 24;
}

static __always_inline void describe_caller(struct caller *caller)
{
	if (has_current_task_btf()) {
		struct task_struct *task = bpf_get_current_task_btf();

		caller->task = task;
		caller->pid = task->tgid;
		caller->tid = task->pid;
		caller->started = start_of_process(task->group_leader->start_boottime);
		caller->compat = task_syscall_is_compat(task);
	} else {
		struct task_struct *task = (void *)bpf_get_current_task();

		caller->task = task;
		caller->pid = bpf_get_current_pid_tgid() >> 32;
		caller->tid = bpf_get_current_pid_tgid();
		caller->started = start_of_process(BPF_CORE_READ(task, group_leader, start_boottime));
		caller->compat = syscall_is_compat();
	}
}

/* A target that waits for its exec is in that very call already when it becomes traced. */
static __always_inline bool start_is_wanted(const struct caller *caller)
{
	if (filter_targets && !bpf_map_lookup_elem(&targets, &caller->pid))
		return false;
	return !filter_cgroup || task_in_cgroup(caller->task, cgroup_id, cgroup_level);
}

static __always_inline void name_process(struct task_struct *task, u32 pid, u32 started)
{
	struct process_key key = { .pid = pid, .started = started };
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct process_name name = {};
	long error;

	bpf_probe_read_kernel_str(name.name, sizeof(name.name), leader->comm);
	/* Two call sites, not a pointer to one of two maps: the verifier of 5.10 wants to know which map it is. */
	if (active & 1)
		error = bpf_map_update_elem(&names_1, &key, &name, BPF_ANY);
	else
		error = bpf_map_update_elem(&names_0, &key, &name, BPF_ANY);
	if (error)
		COUNT(names_full);
}

/* A row was made: the process may be new, and the tables may become full before user space comes by itself. */
static void row_made(struct task_struct *task, u32 pid, u32 started)
{
	name_process(task, pid, started);
	__sync_fetch_and_add(&rows_made, 1);
	if (rows_made < filling_rows || asked_to_flip)
		return;
	/* Two CPUs may both get here at once: to ask twice is harmless. */
	asked_to_flip = true;
	send_event(EVENT_TABLES_FILLING, 0);
}

static __always_inline u64 *find_or_make_count(const struct caller *caller, const struct call_key *key)
{
	u64 *calls;

	if (active & 1) {
		calls = bpf_map_lookup_elem(&counts_1, key);
		if (calls)
			return calls;
		if (bpf_map_update_elem(&counts_1, key, &no_calls, BPF_NOEXIST))
			return NULL;
		row_made(caller->task, caller->pid, caller->started);
		return bpf_map_lookup_elem(&counts_1, key);
	}
	calls = bpf_map_lookup_elem(&counts_0, key);
	if (calls)
		return calls;
	if (bpf_map_update_elem(&counts_0, key, &no_calls, BPF_NOEXIST))
		return NULL;
	row_made(caller->task, caller->pid, caller->started);
	return bpf_map_lookup_elem(&counts_0, key);
}

static __always_inline struct durations *find_or_make_durations(const struct caller *caller,
								const struct call_key *key)
{
	struct durations *durations;

	if (active & 1) {
		durations = bpf_map_lookup_elem(&durations_1, key);
		if (durations)
			return durations;
		if (bpf_map_update_elem(&durations_1, key, &no_durations, BPF_NOEXIST))
			return NULL;
		row_made(caller->task, caller->pid, caller->started);
		return bpf_map_lookup_elem(&durations_1, key);
	}
	durations = bpf_map_lookup_elem(&durations_0, key);
	if (durations)
		return durations;
	if (bpf_map_update_elem(&durations_0, key, &no_durations, BPF_NOEXIST))
		return NULL;
	row_made(caller->task, caller->pid, caller->started);
	return bpf_map_lookup_elem(&durations_0, key);
}

/* Says false when there is no room. */
static __always_inline bool count_error(const struct caller *caller, const struct call_key *call, u32 error)
{
	struct error_key key = { .call = *call, .error = error };
	const u64 once = 1;
	u64 *calls;

	if (active & 1) {
		calls = bpf_map_lookup_elem(&errors_1, &key);
		if (!calls && bpf_map_update_elem(&errors_1, &key, &once, BPF_NOEXIST))
			return false;
	} else {
		calls = bpf_map_lookup_elem(&errors_0, &key);
		if (!calls && bpf_map_update_elem(&errors_0, &key, &once, BPF_NOEXIST))
			return false;
	}
	if (calls)
		++*calls;
	else
		row_made(caller->task, caller->pid, caller->started);
	return true;
}

static __always_inline u32 bucket_of(u64 duration_ns)
{
	u32 log = 0;

	if (duration_ns >> 32) {
		duration_ns >>= 32;
		log = 32;
	}
	if (duration_ns >> 16) {
		duration_ns >>= 16;
		log += 16;
	}
	if (duration_ns >> 8) {
		duration_ns >>= 8;
		log += 8;
	}
	if (duration_ns >> 4) {
		duration_ns >>= 4;
		log += 4;
	}
	if (duration_ns >> 2) {
		duration_ns >>= 2;
		log += 2;
	}
	if (duration_ns >> 1)
		log += 1;
	return log < BUCKETS ? log : BUCKETS - 1;
}

static __always_inline bool add_call(const struct caller *caller, const struct call_key *key)
{
	u64 *calls = find_or_make_count(caller, key);

	if (calls)
		++*calls;
	return calls;
}

/* 0 is the duration of a call whose start was not seen. */
static __always_inline bool add_timed_call(const struct caller *caller, const struct call_key *key, u64 duration_ns)
{
	struct durations *durations = find_or_make_durations(caller, key);

	if (!durations)
		return false;
	durations->calls++;
	if (!duration_ns)
		return true;
	durations->total_ns += duration_ns;
	if (duration_ns > durations->max_ns)
		durations->max_ns = duration_ns;
	durations->histogram[bucket_of(duration_ns)]++;
	return true;
}

static __always_inline void count_call(const struct caller *caller, u32 call, u64 duration_ns, long result)
{
	struct call_key key = { .pid = caller->pid,
				.started = caller->started,
				.call = call,
				.cpu = bpf_get_smp_processor_id() };
	bool counted = timed ? add_timed_call(caller, &key, duration_ns) : add_call(caller, &key);
	bool failed = result < 0 && result >= -MAX_ERRNO;
	struct unattributed *unattributed_call;

	if (counted && (!failed || count_error(caller, &key, -result)))
		return;
	unattributed_call = bpf_map_lookup_elem(&unattributed, &call);
	if (!unattributed_call)
		return;
	COUNT(unattributed);
	/* Atomic: two programs come here. */
	if (!counted)
		__sync_fetch_and_add(&unattributed_call->calls, 1);
	if (failed)
		__sync_fetch_and_add(&unattributed_call->errors, 1);
}

static __always_inline u8 traits_of(u32 call)
{
	return call_traits[call & (SYSCALL_IDS - 1)];
}

/*
 * rt_sigreturn leaves no number behind, since it restores the registers of what the signal interrupted. Whoever asks for
 * call -1 gets the same number, but also an error that the interrupted code will not have left in the same register.
 */
static __always_inline u32 call_at_end(const struct caller *caller, u32 call, long number, long result)
{
	if (number != -1 || result == -ENOSYS)
		return call;
	return caller->compat ? call_sigreturn_compat : call_sigreturn;
}

/*
 * Which call ends, where the registers say something else: after a return from a signal handler the number is -1, and
 * an exec leaves behind what suits the new program (x86: execve, also after execveat; arm64 before 5.18: -1).
 */
static __always_inline u32 call_at_exit(const struct caller *caller, u32 call, long number, long result)
{
	struct call_under_way *note = bpf_map_lookup_elem(&under_way, &caller->tid);

	if (note && note->since_ns) {
		call = note->call;
		bpf_map_delete_elem(&under_way, &caller->tid);
		return call;
	}
	return call_at_end(caller, call, number, result);
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(on_return, struct pt_regs *regs, long result)
{
	struct caller caller;
	u32 call;
	u8 traits;

	describe_caller(&caller);
	call = syscall_id(syscall_number(regs), caller.compat);
	traits = traits_of(call);
	if (traits & CALL_MAY_BE_ANOTHER) {
		call = call_at_exit(&caller, call, syscall_number(regs), result);
		traits = traits_of(call);
	}
	if (!(traits & CALL_WANTED) || !target_is_wanted(caller.task, caller.pid))
		return 0;
	if (caller.compat)
		result = (s32)result;
	if (traits & CALL_RETURNS_TWICE && result == 0)
		return 0;
	count_call(&caller, call, 0, result);
	return 0;
}

/* Notes which call it is that executes another program, at its point of no return and before it changes the registers. */
SEC("?tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task)
{
	struct call_under_way note = { .since_ns = 1 };
	u32 tid = bpf_get_current_pid_tgid();

	if (task->pid != tid)
		return 0;
	note.call = syscall_id(task_syscall_number(task), syscall_is_compat());
	if (traits_of(note.call) & CALL_EXECUTES)
		bpf_map_update_elem(&under_way, &tid, &note, BPF_ANY);
	return 0;
}

SEC("?tp_btf/sys_enter")
int BPF_PROG(on_start, struct pt_regs *regs, long number)
{
	struct call_under_way *known, new = {};
	struct caller caller;
	u32 call;

	describe_caller(&caller);
	call = syscall_id(number, caller.compat);
	if (!(traits_of(call) & CALL_WANTED) || !start_is_wanted(&caller))
		return 0;
	known = bpf_map_lookup_elem(&under_way, &caller.tid);
	if (!known) {
		/* If it finds no room, its end will be one whose start was not seen. */
		bpf_map_update_elem(&under_way, &caller.tid, &new, BPF_NOEXIST);
		known = bpf_map_lookup_elem(&under_way, &caller.tid);
		if (!known)
			return 0;
	}
	known->pid = caller.pid;
	known->started = caller.started;
	known->call = call;
	known->since_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(on_timed_return, struct pt_regs *regs, long result)
{
	u64 now = bpf_ktime_get_ns(), duration_ns = 0;
	struct call_under_way *known;
	struct caller caller;
	u32 call;
	u8 traits;

	describe_caller(&caller);
	call = syscall_id(syscall_number(regs), caller.compat);
	traits = traits_of(call);
	if (!(traits & (CALL_WANTED | CALL_MAY_BE_ANOTHER)))
		return 0;
	known = bpf_map_lookup_elem(&under_way, &caller.tid);
	if (known && known->since_ns) {
		call = known->call;
		/* 1 at least: 0 says that it isn't known. */
		duration_ns = now > known->since_ns ? now - known->since_ns : 1;
		known->since_ns = 0;
	} else {
		call = call_at_end(&caller, call, syscall_number(regs), result);
	}
	traits = traits_of(call);
	if (!(traits & CALL_WANTED) || !target_is_wanted(caller.task, caller.pid))
		return 0;
	if (caller.compat)
		result = (s32)result;
	if (traits & CALL_RETURNS_TWICE && result == 0)
		return 0;
	if (!duration_ns)
		COUNT(start_not_seen);
	count_call(&caller, call, duration_ns, result);
	return 0;
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (!target_forked(parent, child))
		COUNT(targets_full);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_tid)
{
	u32 pid = task->tgid;

	/* Of several threads the one that executes becomes the first one, and takes over its tid. */
	if (timed && old_tid != pid) {
		u32 tid = old_tid;
		struct call_under_way *known = bpf_map_lookup_elem(&under_way, &tid);

		if (known) {
			struct call_under_way moved = *known;

			bpf_map_delete_elem(&under_way, &tid);
			bpf_map_update_elem(&under_way, &pid, &moved, BPF_ANY);
		}
	}
	target_executed(pid);
	if (target_is_wanted(task, pid))
		name_process(task, pid, start_of_process(task->group_leader->start_boottime));
	return 0;
}

/* Counts the calls that end a thread. One that was killed inside another call has come back from it before (sys_exit). */
static __always_inline void count_last_call(struct task_struct *task)
{
	struct caller caller = {
		.task = task,
		.pid = task->tgid,
		.tid = task->pid,
		.started = start_of_process(task->group_leader->start_boottime),
		.compat = syscall_is_compat(),
	};
	u32 call = syscall_id(task_syscall_number(task), caller.compat);
	u8 traits = traits_of(call);

	if (traits & CALL_NEVER_RETURNS && traits & CALL_WANTED && target_is_wanted(task, caller.pid))
		count_call(&caller, call, 0, 0);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	u32 pid = task->tgid, tid = task->pid;

	count_last_call(task);
	bpf_map_delete_elem(&under_way, &tid);
	if (task_is_last_thread(task) && target_exited(pid))
		send_event(EVENT_TARGET_EXITED, pid);
	return 0;
}

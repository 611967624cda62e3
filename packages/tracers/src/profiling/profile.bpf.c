// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Kernel half of the CPU profiler: counts samples (or time off the CPU) by thread and stack.
 *
 *   perf event, per CPU -> on_sample --+
 *                                      +-> stacks_0|1   hash of the frames -> frames
 *   sched_switch --------> on_switch --+-> counts_0|1   thread + stacks    -> count, nanoseconds
 *                                      +-> events       "a process seen for the first time"
 *
 * There are two of each table, and `active` says which one is filled. User space flips it, waits for the programs that
 * still run to end, and takes all of the other one: nothing is counted while it is being read, so nothing is lost to
 * reading.
 */
#include "../kernel/targets.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* kernel.perf_event_max_stack is 127 by default; deeper stacks are cut there and counted as truncated. */
#define MAX_FRAMES 127

/* Kinds of records in `events`. */
#define EVENT_PROCESS_SEEN 1
#define EVENT_TARGET_EXITED 2

/* Which pair of tables is filled: 0 or 1. Written by user space alone. */
volatile u32 active = 0;
/* CLOCK_MONOTONIC at the start of the run: what was blocked before then counts from then. */
volatile u64 started_ns = 0;

struct sample_key {
	u64 kernel_stack; /* key in stacks; 0: no such stack */
	u64 user_stack;
	u64 image_ns; /* with pid: which image of which process, see `images` */
	u32 pid;
	u32 tid;
	char thread_name[TASK_COMM_LEN];
};

struct sample_value {
	u64 count;
	u64 duration_ns; /* off-CPU only */
};

struct stack {
	u32 depth;
	u32 unused;
	u64 frames[MAX_FRAMES];
};

struct blocked {
	struct sample_key sample;
	u64 since_ns;
};

struct counters {
	u64 seen;		/* samples or blocking intervals that should be counted */
	u64 counted;
	u64 counts_full;	/* lost: no room in counts */
	u64 stacks_full;	/* lost: no room in stacks */
	u64 blocked_full;	/* lost: no room in blocked */
	u64 truncated;		/* counted, though the stack is deeper than MAX_FRAMES */
	u64 before_start;	/* threads that were blocked already: their user stack is not known */
	u64 targets_full;	/* children not followed: no room in targets */
	u64 events_full;	/* no room in events; user space finds these processes later */
};

struct event {
	u32 kind;
	u32 pid;
	u64 image_ns;
};

/* Sized by user space: CPUs x frequency x time between two reads, so that the worst case fits. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct sample_key);
	__type(value, struct sample_value);
} counts_0 SEC(".maps"), counts_1 SEC(".maps");

/*
 * Sized by user space: two stacks a sample at worst. A hash of our own and not a BPF_MAP_TYPE_STACK_TRACE, since that
 * one has a single slot per bucket: a second stack of the same bucket is lost (or replaces the first).
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, u64);
	__type(value, struct stack);
} stacks_0 SEC(".maps"), stacks_1 SEC(".maps");

/* A stack is 1 KiB, too large for the program's own 512 bytes. The programs that use it can't interrupt each other. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct stack);
} scratch SEC(".maps");

/* The iterator can be interrupted by sched_switch, so it has its own; only one runs, once. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct stack);
} iterator_scratch SEC(".maps");

/*
 * pid -> when this image of the process (what its last exec loaded) was first sampled. Pid and time together name an
 * image: an entry goes at exec and exit, so that the addresses of one program are never looked up in another's map.
 * LRU: 4,096 processes on CPU between two reads; one that was evicted is seen as new again, which costs one look-up.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} images SEC(".maps");

/* tid -> where and since when a thread is off the CPU. Sized by user space from the number of threads. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct blocked);
} blocked SEC(".maps");

#include "../kernel/counters.h"

/* 24 bytes a record: 2,700 processes that are new since the last wake-up. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

static void send_event(u32 kind, u32 pid, u64 image_ns)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		COUNT(events_full);
		return;
	}
	event->kind = kind;
	event->pid = pid;
	event->image_ns = image_ns;
	bpf_ringbuf_submit(event, 0);
}

static u64 image_of(u32 pid)
{
	u64 now = bpf_ktime_get_ns();
	u64 *known = bpf_map_lookup_elem(&images, &pid);

	if (known)
		return *known;
	/* Two threads may get here at once on two CPUs; the first one names the image. */
	if (bpf_map_update_elem(&images, &pid, &now, BPF_NOEXIST)) {
		known = bpf_map_lookup_elem(&images, &pid);
		return known ? *known : now;
	}
	send_event(EVENT_PROCESS_SEEN, pid, now);
	return now;
}

/* 64 bits, so that two stacks of one run share a hash with a probability below 1e-9 even among 100,000 of them. */
static __always_inline u64 hash_frames(const struct stack *stack)
{
	u64 hash = stack->depth;

	for (u32 i = 0; i < MAX_FRAMES; i++) {
		if (i >= stack->depth)
			break;
		hash = (hash ^ stack->frames[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash ? hash : 1;
}

/*
 * Files the frames under their hash, which goes to *id; a stack without frames gets id 0. Says false, and counts, when
 * there is no room.
 */
static __always_inline bool store_stack(struct stack *stack, long size, u64 *id)
{
	long error;

	*id = 0;
	if (size <= 0)
		return true;
	stack->depth = (u32)size / sizeof(u64);
	if (stack->depth >= MAX_FRAMES)
		COUNT(truncated);
	*id = hash_frames(stack);
	/* Two call sites, not a pointer to one of two maps: the verifier of 5.10 wants to know which map it is. */
	if (active & 1) {
		if (bpf_map_lookup_elem(&stacks_1, id))
			return true;
		error = bpf_map_update_elem(&stacks_1, id, stack, BPF_NOEXIST);
	} else {
		if (bpf_map_lookup_elem(&stacks_0, id))
			return true;
		error = bpf_map_update_elem(&stacks_0, id, stack, BPF_NOEXIST);
	}
	if (!error || error == -EEXIST)
		return true;
	COUNT(stacks_full);
	return false;
}

static __always_inline void *find_or_create_count(struct sample_key *key)
{
	struct sample_value nothing = {};
	struct sample_value *value;

	if (active & 1) {
		value = bpf_map_lookup_elem(&counts_1, key);
		if (value)
			return value;
		bpf_map_update_elem(&counts_1, key, &nothing, BPF_NOEXIST);
		return bpf_map_lookup_elem(&counts_1, key);
	}
	value = bpf_map_lookup_elem(&counts_0, key);
	if (value)
		return value;
	bpf_map_update_elem(&counts_0, key, &nothing, BPF_NOEXIST);
	return bpf_map_lookup_elem(&counts_0, key);
}

static __always_inline void count(struct sample_key *key, u64 duration_ns)
{
	struct sample_value *value = find_or_create_count(key);

	if (!value) {
		COUNT(counts_full);
		return;
	}
	__sync_fetch_and_add(&value->count, 1);
	/* To add the constant 0 clang makes an atomic OR, which the kernel only has since 5.12. */
	if (duration_ns)
		__sync_fetch_and_add(&value->duration_ns, duration_ns);
	COUNT(counted);
}

/* Fills the key for the current thread, whose stacks ctx leads to. */
static __always_inline bool describe_current(void *ctx, struct sample_key *key, u32 pid, u32 tid)
{
	struct stack *stack = bpf_map_lookup_elem(&scratch, &zero);

	if (!stack)
		return false;
	if (!store_stack(stack, bpf_get_stack(ctx, stack->frames, sizeof(stack->frames), 0), &key->kernel_stack))
		return false;
	if (!store_stack(stack, bpf_get_stack(ctx, stack->frames, sizeof(stack->frames), BPF_F_USER_STACK),
			 &key->user_stack))
		return false;
	key->pid = pid;
	key->tid = tid;
	key->image_ns = image_of(pid);
	bpf_get_current_comm(key->thread_name, sizeof(key->thread_name));
	return true;
}

/* The programs marked with a question mark are only loaded in the mode that they are for. */
SEC("?perf_event")
int on_sample(void *ctx)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u32 pid = pid_tgid >> 32, tid = pid_tgid;
	struct sample_key key = {};

	if (tid == 0) /* the idle task; a hardware counter cannot always leave it out */
		return 0;
	if (!target_is_wanted((void *)bpf_get_current_task(), pid))
		return 0;
	COUNT(seen);
	if (describe_current(ctx, &key, pid, tid))
		count(&key, 0);
	return 0;
}

static __always_inline void leave_cpu(void *ctx, struct task_struct *task, u64 now)
{
	struct blocked entry = {};
	u32 pid = task->tgid, tid = task->pid;

	/* Kernel threads wait for work by nature, as the idle task does. A dead thread never comes back. */
	if (tid == 0 || task_is_kernel_thread(task) || task_is_dead(task))
		return;
	if (!target_is_wanted(task, pid))
		return;
	COUNT(seen);
	if (!describe_current(ctx, &entry.sample, pid, tid))
		return;
	entry.since_ns = now;
	if (bpf_map_update_elem(&blocked, &tid, &entry, BPF_ANY))
		COUNT(blocked_full);
}

static __always_inline void enter_cpu(struct task_struct *task, u64 now)
{
	u32 tid = task->pid;
	struct blocked *entry = bpf_map_lookup_elem(&blocked, &tid);

	if (!entry)
		return;
	count(&entry->sample, now - entry->since_ns);
	bpf_map_delete_elem(&blocked, &tid);
}

SEC("?tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	u64 now = bpf_ktime_get_ns();

	enter_cpu(next, now);
	leave_cpu(ctx, prev, now);
	return 0;
}

/*
 * Threads that were off the CPU before on_switch was attached, found once by iterating over all of them. Racing with
 * on_switch is harmless: it never overwrites an entry of its, and takes back its own if the thread runs meanwhile.
 */
SEC("?iter/task")
int seed_blocked(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct stack *stack = bpf_map_lookup_elem(&iterator_scratch, &zero);
	struct blocked entry = {};
	u32 tid, pid;

	if (!task || !stack)
		return 0;
	tid = task->pid;
	pid = task->tgid;
	if (tid == 0 || task_is_kernel_thread(task) || task_is_dead(task) || task->on_cpu)
		return 0;
	if (!target_is_wanted(task, pid))
		return 0;
	if (!store_stack(stack, bpf_get_task_stack(task, stack->frames, sizeof(stack->frames), 0),
			 &entry.sample.kernel_stack)) {
		COUNT(seen);
		return 0;
	}
	entry.sample.pid = pid;
	entry.sample.tid = tid;
	entry.sample.image_ns = image_of(pid);
	bpf_probe_read_kernel_str(entry.sample.thread_name, sizeof(entry.sample.thread_name), task->comm);
	entry.since_ns = started_ns;
	switch (bpf_map_update_elem(&blocked, &tid, &entry, BPF_NOEXIST)) {
	case 0:
		if (task->on_cpu) {
			bpf_map_delete_elem(&blocked, &tid);
			break;
		}
		COUNT(seen);
		COUNT(before_start);
		break;
	case -EEXIST:
		break;
	default:
		COUNT(seen);
		COUNT(blocked_full);
	}
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
int BPF_PROG(on_exec, struct task_struct *task)
{
	u32 pid = task->tgid;

	bpf_map_delete_elem(&images, &pid);
	target_executed(pid);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	u32 pid = task->tgid;

	if (!task_is_last_thread(task))
		return 0;
	bpf_map_delete_elem(&images, &pid);
	if (target_exited(pid))
		send_event(EVENT_TARGET_EXITED, pid, 0);
	return 0;
}

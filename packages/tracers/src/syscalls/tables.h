/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the tracer of system calls fills in the kernel, and user space takes.
 *
 * There are two of each table, and `active` says which one is filled. User space flips it, waits for the programs that
 * still run to end, and takes all of the other one.
 */
#pragma once

#include "../kernel/syscall.h"
#include "../kernel/targets.h"

/* Kinds of records in `events`. */
#define EVENT_TARGET_EXITED 1
#define EVENT_TABLES_FILLING 2

/* log2 of nanoseconds; the last one, from 39 hours on, holds all above it. */
#define BUCKETS 48

/* With latencies, which take two programs; else only calls are counted. */
const volatile bool timed = true;
/* log2 of the slots that each CPU has in front_counts and front_durations. */
const volatile u32 front_bits = 0;
/* How many rows may be new before user space is to take them. */
const volatile u32 filling_rows = 1;

/* Which tables are filled: 0 or 1. Written by user space alone. */
volatile u32 active = 0;
/* Rows that were made since then, and whether user space was asked to flip it. It sets both back when it does. */
volatile u32 rows_made = 0;
volatile bool asked_to_flip = false;

struct process_key {
	u32 pid;
	u32 started; /* see start_of_process(): a pid that is used again is another process */
};

/* A row for each process, call and CPU. */
struct call_key {
	struct process_key process;
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

/* Free where there are no calls. */
struct front_count {
	struct call_key key;
	u32 unused;
	u64 calls;
};

struct front_durations {
	struct call_key key;
	u32 unused;
	struct durations durations;
};

struct process_name {
	char name[TASK_COMM_LEN];
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

/*
 * Rows stand in front_counts (or front_durations), where each CPU has slots of its own and the key gives the slot. Where
 * another row has that slot already, they stand in counts (or durations), a hash. A look-up in a hash takes some 75 ns,
 * which is most of what it costs to count a call; one in an array takes 10.
 *
 * The tables of the mode that is not used have one element; the others are sized by user space.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct front_count);
} front_counts_0 SEC(".maps"), front_counts_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct call_key);
	__type(value, u64);
} counts_0 SEC(".maps"), counts_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct front_durations);
} front_durations_0 SEC(".maps"), front_durations_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct call_key);
	__type(value, struct durations);
} durations_0 SEC(".maps"), durations_1 SEC(".maps");

/* Calls that failed, by error. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct error_key);
	__type(value, u64);
} errors_0 SEC(".maps"), errors_1 SEC(".maps");

/* Processes with a row; as many as there may be rows. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct process_key);
	__type(value, struct process_name);
} names_0 SEC(".maps"), names_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SYSCALL_IDS);
	__type(key, u32);
	__type(value, struct unattributed);
} unattributed SEC(".maps");

#include "../kernel/counters.h"

/* 16 bytes a record: 250 targets that ended since the last wake-up. Who finds no room is found by looking. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

/*
 * Two tables are two call sites, each of which the verifier turns into the map's own code. Clang likes to make one of
 * them, with a pointer to either map: that call goes through the map's operations, at ten times the cost, and the verifier
 * of 5.10 refuses it. So one of the two branches ends in this.
 */
#define DONT_MERGE() barrier()

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

/* Tells what a process is called now. */
static void name_process(struct task_struct *task, struct process_key *key)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct process_name name = {};
	long error;

	bpf_probe_read_kernel_str(name.name, sizeof(name.name), leader->comm);
	if (active & 1) {
		error = bpf_map_update_elem(&names_1, key, &name, BPF_ANY);
		DONT_MERGE();
	} else {
		error = bpf_map_update_elem(&names_0, key, &name, BPF_ANY);
	}
	if (error)
		COUNT(names_full);
}

/* A row was made: its process may be new, and the tables may become full before user space comes by itself. */
static void row_made(struct task_struct *task, struct process_key *process)
{
	name_process(task, process);
	__sync_fetch_and_add(&rows_made, 1);
	if (rows_made < filling_rows || asked_to_flip)
		return;
	/* Two CPUs may both get here at once: to ask twice is harmless. */
	asked_to_flip = true;
	send_event(EVENT_TABLES_FILLING, 0);
}

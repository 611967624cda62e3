/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Adds calls to the rows of their process, call and CPU.
 *
 * Rows belong to one CPU: nobody else writes to them, and so there is no atomic operation and no cache line on its way
 * between CPUs where calls are counted. On that CPU the program is never inside itself: preemption is off, see
 * kernel/syscall-program.h. A per-CPU hash would give the same, and take the memory of all CPUs for each row.
 */
#pragma once

#include "tables.h"

/* Numbers of errors: MAX_ERRNO of include/linux/err.h */
#define MAX_ERRNO 4095

/* The thread that makes a call. */
struct caller {
	struct task_struct *task;
	struct process_key process;
	u32 tid;
	bool compat;
};

static const u64 no_calls = 0;
static const struct durations no_durations = {};

static __always_inline u32 front_slot(const struct call_key *key)
{
	/* Fibonacci hashing: the product's upper bits depend on all of its factor's. */
	u32 hash = (key->process.pid * 2048 + key->call) * 0x9e3779b1;

	return ((u32)key->cpu << front_bits) + ((u64)hash >> (32 - front_bits));
}

static __always_inline bool same_call(const struct call_key *a, const struct call_key *b)
{
	return a->process.pid == b->process.pid && a->call == b->call && a->process.started == b->process.started;
}

/* Whether the slot is the row's: it stands there already, or the slot was free and is taken for it. */
static __always_inline bool claim_slot(struct call_key *slot, u64 calls, struct call_key *key,
				       const struct caller *caller)
{
	if (calls)
		return same_call(slot, key);
	*slot = *key;
	row_made(caller->task, &key->process);
	return true;
}

static __always_inline u64 *find_or_make_front_count(const struct caller *caller, struct call_key *key)
{
	u32 slot = front_slot(key);
	struct front_count *front;

	if (active & 1) {
		front = bpf_map_lookup_elem(&front_counts_1, &slot);
		DONT_MERGE();
	} else {
		front = bpf_map_lookup_elem(&front_counts_0, &slot);
	}
	return front && claim_slot(&front->key, front->calls, key, caller) ? &front->calls : NULL;
}

static __always_inline struct durations *find_or_make_front_durations(const struct caller *caller,
								      struct call_key *key)
{
	u32 slot = front_slot(key);
	struct front_durations *front;

	if (active & 1) {
		front = bpf_map_lookup_elem(&front_durations_1, &slot);
		DONT_MERGE();
	} else {
		front = bpf_map_lookup_elem(&front_durations_0, &slot);
	}
	return front && claim_slot(&front->key, front->durations.calls, key, caller) ? &front->durations : NULL;
}

static __always_inline u64 *find_or_make_count(const struct caller *caller, struct call_key *key)
{
	u64 *calls;

	if (active & 1) {
		calls = bpf_map_lookup_elem(&counts_1, key);
		if (calls)
			return calls;
		if (bpf_map_update_elem(&counts_1, key, &no_calls, BPF_NOEXIST))
			return NULL;
		row_made(caller->task, &key->process);
		return bpf_map_lookup_elem(&counts_1, key);
	}
	calls = bpf_map_lookup_elem(&counts_0, key);
	if (calls)
		return calls;
	if (bpf_map_update_elem(&counts_0, key, &no_calls, BPF_NOEXIST))
		return NULL;
	row_made(caller->task, &key->process);
	return bpf_map_lookup_elem(&counts_0, key);
}

static __always_inline struct durations *find_or_make_durations(const struct caller *caller, struct call_key *key)
{
	struct durations *durations;

	if (active & 1) {
		durations = bpf_map_lookup_elem(&durations_1, key);
		if (durations)
			return durations;
		if (bpf_map_update_elem(&durations_1, key, &no_durations, BPF_NOEXIST))
			return NULL;
		row_made(caller->task, &key->process);
		return bpf_map_lookup_elem(&durations_1, key);
	}
	durations = bpf_map_lookup_elem(&durations_0, key);
	if (durations)
		return durations;
	if (bpf_map_update_elem(&durations_0, key, &no_durations, BPF_NOEXIST))
		return NULL;
	row_made(caller->task, &key->process);
	return bpf_map_lookup_elem(&durations_0, key);
}

static __always_inline bool add_call(const struct caller *caller, struct call_key *key, bool ends_thread)
{
	u64 *calls = NULL;

	/* Slots have one program that writes to them, which is not the one that sees threads end. */
	if (!ends_thread)
		calls = find_or_make_front_count(caller, key);
	if (!calls)
		calls = find_or_make_count(caller, key);
	if (!calls)
		return false;
	++*calls;
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

/* 0 is the duration of a call whose start was not seen. */
static __always_inline bool add_timed_call(const struct caller *caller, struct call_key *key, u64 duration_ns,
					   bool ends_thread)
{
	struct durations *durations = NULL;

	if (!ends_thread)
		durations = find_or_make_front_durations(caller, key);
	if (!durations)
		durations = find_or_make_durations(caller, key);
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

/* Says false when there is no room. */
static __always_inline bool add_error(const struct caller *caller, struct call_key *call, u32 error)
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
		row_made(caller->task, &call->process);
	return true;
}

static __always_inline void count_call(const struct caller *caller, u32 call, u64 duration_ns, long result,
				       bool ends_thread)
{
	struct call_key key = { .process = caller->process, .call = call, .cpu = bpf_get_smp_processor_id() };
	bool counted = timed ? add_timed_call(caller, &key, duration_ns, ends_thread)
			     : add_call(caller, &key, ends_thread);
	bool failed = result < 0 && result >= -MAX_ERRNO;
	struct unattributed *of_call;

	if (counted && (!failed || add_error(caller, &key, -result)))
		return;
	of_call = bpf_map_lookup_elem(&unattributed, &call);
	if (!of_call)
		return;
	COUNT(unattributed);
	/* Atomic: two programs come here. */
	if (!counted)
		__sync_fetch_and_add(&of_call->calls, 1);
	if (failed)
		__sync_fetch_and_add(&of_call->errors, 1);
}

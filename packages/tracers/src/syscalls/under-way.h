/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls between their start and their end.
 *
 * A call stands in the slot that its thread's tid leads to, or, where that one is taken, in a hash: see tables.h for why.
 * Two threads that lead to one slot may find it free at the same time. One of them gets it, and the end of the other one's
 * call is counted as one whose start was not seen. `thread_and_call` is written and read in one piece, so that it is never
 * taken for the other's.
 */
#pragma once

#include "tables.h"

/* 2 to the power of this many slots: threads are in calls most of the time, so this is for some 1,000 of them. */
#define UNDER_WAY_BITS 13

struct call_under_way {
	u64 thread_and_call; /* tid in the upper half, id of the call in the lower one; 0: free */
	u64 since_ns;
	struct process_key process;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << UNDER_WAY_BITS);
	__type(key, u32);
	__type(value, struct call_under_way);
} under_way SEC(".maps");

/*
 * By tid; sized by user space from the number of threads. Without latencies it only holds the calls that are about to
 * execute another program, between an exec's point of no return and its end, for which 1,024 will do.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct call_under_way);
} more_under_way SEC(".maps");

static __always_inline struct call_under_way *slot_of_thread(u32 tid)
{
	/* Neighbours get slots that are far apart: they run on different CPUs, and those should not share cache lines. */
	u32 slot = (tid * 0x9e3779b1) >> (32 - UNDER_WAY_BITS);

	return bpf_map_lookup_elem(&under_way, &slot);
}

static __always_inline bool is_of_thread(const struct call_under_way *slot, u32 tid)
{
	return slot->thread_and_call >> 32 == tid;
}

/* If there is no room for it, its end will be one whose start was not seen. */
static __always_inline void begin_call(u32 tid, u32 call, const struct process_key *process)
{
	struct call_under_way *slot = slot_of_thread(tid);
	u64 thread_and_call = (u64)tid << 32 | call;

	if (slot && (!slot->thread_and_call || is_of_thread(slot, tid))) {
		slot->process = *process;
		slot->since_ns = bpf_ktime_get_ns();
		slot->thread_and_call = thread_and_call;
	} else {
		struct call_under_way entry = {
			.thread_and_call = thread_and_call,
			.since_ns = bpf_ktime_get_ns(),
			.process = *process,
		};

		bpf_map_update_elem(&more_under_way, &tid, &entry, BPF_ANY);
	}
}

/* Says which call ends and when it began, or false where that isn't known. */
static __always_inline bool end_call(u32 tid, u32 *call, u64 *since_ns)
{
	struct call_under_way *slot = slot_of_thread(tid);

	if (slot && is_of_thread(slot, tid)) {
		*call = slot->thread_and_call;
		*since_ns = slot->since_ns;
		slot->thread_and_call = 0;
		return true;
	}
	slot = bpf_map_lookup_elem(&more_under_way, &tid);
	if (!slot)
		return false;
	*call = slot->thread_and_call;
	*since_ns = slot->since_ns;
	bpf_map_delete_elem(&more_under_way, &tid);
	return true;
}

/* A thread ended, or has another tid from now on. */
static __always_inline void forget_thread(u32 tid)
{
	struct call_under_way *slot = slot_of_thread(tid);

	if (slot && is_of_thread(slot, tid))
		slot->thread_and_call = 0;
	bpf_map_delete_elem(&more_under_way, &tid);
}

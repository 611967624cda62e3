/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a kernel half counts of its own work, losses above all. `filters/kernel-counters.ts` adds up the CPUs.
 *
 * Comes after `struct counters`, which each kernel half has its own of: all members are u64.
 */
#pragma once

#include "types.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counters);
} counters SEC(".maps");

/* Key of what has one element. */
static const u32 zero = 0;

/* Atomic, since a program may be interrupted by another one on its CPU, or since 7.0 preempted. */
#define COUNT_MANY(counter, count)                                                     \
	do {                                                                           \
		struct counters *counters_ = bpf_map_lookup_elem(&counters, &zero);    \
		if (counters_)                                                         \
			__sync_fetch_and_add(&counters_->counter, count);              \
	} while (0)

#define COUNT(counter) COUNT_MANY(counter, 1)

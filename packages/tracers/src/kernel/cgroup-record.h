/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tells user space the path of each cgroup that a record names, once, before that record.
 *
 * Comes after the ring `events`, `struct counters` with cgroups_lost, RECORD_CGROUP, and CGROUP_SCRATCH_PLACES: how many
 * programs put paths together that may interrupt each other.
 */
#pragma once

#include "cgroup-path.h"
#include "counters.h"
#include "wake-up.h"

struct cgroup_record {
	u32 kind;
	u32 names_bytes;
	u64 id;
	char names[PATH_MASK + 1 + PATH_NAME_BYTES]; /* leaf first */
};

/* Where records are put together: larger than a program's stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CGROUP_SCRATCH_PLACES);
	__type(key, u32);
	__type(value, struct cgroup_record);
} cgroup_scratch SEC(".maps");

/*
 * Ids of cgroups whose path user space knows: more than most machines have. LRU: user space knows more than these, and one
 * that was evicted is sent again.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, u8);
} known_cgroups SEC(".maps");

/* Appends names to the record at this place of scratch; see cgroup_names_on(). */
__attribute__((noinline)) u64 append_cgroup_names(u32 place, u64 node)
{
	struct cgroup_record *record = bpf_map_lookup_elem(&cgroup_scratch, &place);

	return record ? cgroup_names_on(record->names, &record->names_bytes, node) : 0;
}

/*
 * Sends the path of a cgroup, given as a number, where it is new to user space. Not static: the verifier looks at it once, by
 * itself.
 */
__attribute__((noinline)) int introduce_cgroup(u64 address, u64 id, u32 place)
{
	struct cgroup_record *record;
	u8 known = 1;
	u64 bytes, node;

	if (bpf_map_lookup_elem(&known_cgroups, &id))
		return 0;
	record = bpf_map_lookup_elem(&cgroup_scratch, &place);
	if (!record)
		return 0;
	record->kind = RECORD_CGROUP;
	record->id = id;
	record->names_bytes = 0;
	node = cgroup_node((void *)address);
	for (u32 piece = 0; node && piece < CGROUP_PIECES; piece++)
		node = append_cgroup_names(place, node);
	bytes = record->names_bytes;
	if (bytes > PATH_BYTES)
		bytes = PATH_BYTES; /* it never is: that is for the verifier */
	if (bpf_ringbuf_output(&events, record, offsetof(struct cgroup_record, names) + bytes, wake_up()) == 0)
		bpf_map_update_elem(&known_cgroups, &id, &known, BPF_ANY);
	else
		COUNT(cgroups_lost);
	return 0;
}

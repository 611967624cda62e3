// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A map of each kind. Programs are socket filters: BPF_PROG_TEST_RUN runs these on every kernel, exactly once a call, so
 * that what they write can be compared to the last count. Arguments come through global variables.
 */
#include "test.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct key {
	__u32 id;
	__u16 kind;
	char name[6];
};

struct value {
	__u64 count;
	__s32 delta;
	__u8 raw[4];
};

/* Number of the next entry: each run writes one. */
volatile __u32 next = 0;

/* All sizes below: larger than what a test writes, small enough for 5.10's memory limits. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 20000);
	__type(key, struct key);
	__type(value, struct value);
} hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} lru_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} percpu_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} lru_percpu_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 300);
	__type(key, __u32);
	__type(value, struct value);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	/* 12 bytes: each CPU's value is padded to 16. */
	__type(value, struct { __u32 words[3]; });
} percpu_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct { __u32 prefix_bits; __u8 address[4]; });
	__type(value, __u32);
} routes SEC(".maps");

/* No BTF for its types: bytes in user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__uint(value_size, 3);
} untyped SEC(".maps");

/* User space has no typed access to a queue. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 8);
	__uint(value_size, 4);
} queue SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} inner_a SEC(".maps"), inner_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} array_of_maps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} hash_of_maps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} callees SEC(".maps");

/* key i -> { count: i * 3, delta: -i, raw: "abcd" } */
SEC("socket")
int fill_hash(void *ctx)
{
	__u32 i = next++;
	struct key key = { .id = i, .kind = 7, .name = "key" };
	struct value value = { .count = (__u64)i * 3, .delta = -(__s32)i, .raw = { 'a', 'b', 'c', 'd' } };

	return bpf_map_update_elem(&hash, &key, &value, BPF_ANY) ? 1 : 0;
}

SEC("socket")
int fill_lru(void *ctx)
{
	__u32 i = next++;
	__u64 value = i;

	bpf_map_update_elem(&lru_hash, &i, &value, BPF_ANY);
	return 0;
}

SEC("socket")
int fill_others(void *ctx)
{
	__u32 two = 2, bit = 1;
	__u64 wide = 1ULL << 40;
	__u32 *hits = bpf_map_lookup_elem(&percpu_hash, &two);
	struct { __u32 words[3]; } *words = bpf_map_lookup_elem(&percpu_array, &two);
	struct value *value = bpf_map_lookup_elem(&array, &two);

	if (hits)
		*hits += 1;
	else
		bpf_map_update_elem(&percpu_hash, &two, &bit, BPF_ANY);
	if (words)
		words->words[2] += 5;
	if (value)
		value->count += 1;
	bpf_map_update_elem(&lru_percpu_hash, &two, &wide, BPF_ANY);
	return 0;
}

/* Adds one to element 1 of the inner maps. */
SEC("socket")
int bump_inner(void *ctx)
{
	__u32 one = 1, seven = 7, *element;
	void *map = bpf_map_lookup_elem(&array_of_maps, &one);

	if (map) {
		element = bpf_map_lookup_elem(map, &one);
		if (element)
			*element += 1;
	}
	map = bpf_map_lookup_elem(&hash_of_maps, &seven);
	if (map) {
		element = bpf_map_lookup_elem(map, &one);
		if (element)
			*element += 1;
	}
	return 0;
}

SEC("socket")
int call_tail(void *ctx)
{
	bpf_tail_call(ctx, &callees, 1);
	return 1;
}

SEC("socket")
int tail(void *ctx)
{
	return 42;
}

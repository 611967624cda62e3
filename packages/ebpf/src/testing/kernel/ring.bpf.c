// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Writes numbered records of changing length to a ring buffer, and counts what it had no room for. */
#include "test.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define MAX_SIZE 512

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	/* One page, the smallest there is: a few dozen records wrap around. */
	__uint(max_entries, 4096);
} ring SEC(".maps");

/* Data bytes of the record that a run writes; 0 for lengths that change with the number. */
volatile __u32 fixed_size = 0;
/* Every nth record is reserved and thrown away; 0 for none. */
volatile __u32 discard_every = 0;
volatile __u64 flags = 0;

/* What it did: seen = delivered + lost + discarded. */
volatile __u64 seen = 0;
volatile __u64 delivered = 0;
volatile __u64 lost = 0;
volatile __u64 discarded = 0;

struct record {
	__u64 number;
	__u32 size;
	__u32 check;
	__u8 padding[MAX_SIZE - 16];
};

/* A record is longer than a program's stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct record);
} scratch SEC(".maps");

SEC("socket")
int produce(void *ctx)
{
	__u32 zero = 0, size = fixed_size;
	struct record *record = bpf_map_lookup_elem(&scratch, &zero);

	if (!record)
		return 1;
	record->number = seen++;
	if (discard_every && record->number % discard_every == 0) {
		void *thrown_away = bpf_ringbuf_reserve(&ring, 24, 0);

		if (!thrown_away) {
			lost++;
			return 0;
		}
		bpf_ringbuf_discard(thrown_away, flags);
		discarded++;
		return 0;
	}
	if (size == 0)
		size = 16 + (record->number * 37) % (MAX_SIZE - 16);
	if (size > MAX_SIZE)
		size = MAX_SIZE;
	record->size = size;
	record->check = (__u32)record->number ^ 0x5eed;
	if (bpf_ringbuf_output(&ring, record, size, flags))
		lost++;
	else
		delivered++;
	return 0;
}

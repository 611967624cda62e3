/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel threw away, by its own reason: numbers of `enum skb_drop_reason`, which differ from kernel to kernel;
 * `drop-reasons.ts` reads their names from the kernel's BTF.
 */
#pragma once

#include "skb.h"

/* In place of a reason, where the kernel gives none: before 5.17. */
#define REASON_NONE 0xffffffff

struct drop_key {
	u32 reason;
	u8 network;   /* NETWORK_* */
	u8 transport; /* TRANSPORT_* */
	u16 unused;
};

/* Only grows, and is never emptied. A kernel has some 130 reasons; few of them with more than two protocols. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct drop_key);
	__type(value, u64);
} drops SEC(".maps");

/* Of drops that found no room above. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} other_drops SEC(".maps");

static __always_inline void add_drop(struct sk_buff *skb, u32 reason)
{
	struct drop_key key = { .reason = reason };
	struct headers headers = {};
	u64 *count, none = 0;
	u32 zero = 0;

	read_headers(skb, bpf_ntohs(skb->protocol), skb->network_header, &headers);
	key.network = headers.network;
	key.transport = headers.transport;
	count = bpf_map_lookup_elem(&drops, &key);
	if (!count) {
		bpf_map_update_elem(&drops, &key, &none, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&drops, &key) ?: bpf_map_lookup_elem(&other_drops, &zero);
	}
	/* Atomic, since an interrupt may throw away one more. */
	if (count)
		__sync_fetch_and_add(count, 1);
}

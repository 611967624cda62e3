/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Datagrams of UDP: summed up by process and both ends, in two tables that take turns as those of file-table.h. The
 * payload of DNS goes to `events`.
 */
#pragma once

#include "payload.h"

#define DNS_PORT 53
#define MULTICAST_DNS_PORT 5353

struct flow_key {
	u32 pid;
	u32 image; /* see image_of() */
	u8 local[16]; /* in network order; an IPv4 address takes the first 4 bytes */
	u8 peer[16];
	u16 local_port;
	u16 peer_port;
	u16 family;
	u16 unused;
};

struct flow_totals {
	u64 sent_datagrams;
	u64 sent_bytes;
	u64 received_datagrams;
	u64 received_bytes;
};

struct flow {
	struct flow_totals totals;
	char process_name[TASK_COMM_LEN];
};

/* Which table of flows is filled: 0 or 1. Written by user space alone. */
volatile u32 active = 0;

/* Processes x ends between two reads, which come once a second. User space can set more. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct flow_key);
	__type(value, struct flow);
} flows_0 SEC(".maps"), flows_1 SEC(".maps");

/* Of what found no room in flows. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct flow_totals);
} unattributed SEC(".maps");

/* include/uapi/linux/{in,in6}.h, as far as the two are alike */
struct socket_address {
	u16 family;
	u16 port;
	u8 address[24]; /* of IPv4 the first 4 bytes, of IPv6 those from the 5th on */
};

static __always_inline struct flow_totals *find_or_create_flow(const struct flow_key *key)
{
	struct flow *flow, fresh = {};
	u32 table = active & 1;

	flow = table ? bpf_map_lookup_elem(&flows_1, key) : bpf_map_lookup_elem(&flows_0, key);
	if (flow)
		return &flow->totals;
	read_process_name(fresh.process_name);
	if (table) {
		bpf_map_update_elem(&flows_1, key, &fresh, BPF_NOEXIST);
		flow = bpf_map_lookup_elem(&flows_1, key);
	} else {
		bpf_map_update_elem(&flows_0, key, &fresh, BPF_NOEXIST);
		flow = bpf_map_lookup_elem(&flows_0, key);
	}
	if (flow)
		return &flow->totals;
	COUNT(flows_full);
	return bpf_map_lookup_elem(&unattributed, &zero);
}

/* The peer that a call names: an unconnected socket has none, and a connected one may be given another one. */
static __always_inline void read_peer(u64 name, struct endpoints *endpoints)
{
	struct socket_address address = {};

	if (!name || bpf_probe_read_user(&address, 16, (void *)name))
		return;
	if (address.family == AF_INET) {
		__builtin_memset(endpoints->peer, 0, sizeof(endpoints->peer));
		/* On a socket of IPv6 the other end is IPv6 as well: mapped. */
		if (endpoints->family == AF_INET6) {
			endpoints->peer[10] = 0xff;
			endpoints->peer[11] = 0xff;
			__builtin_memcpy(endpoints->peer + 12, address.address, 4);
		} else {
			__builtin_memcpy(endpoints->peer, address.address, 4);
		}
	} else if (address.family == AF_INET6) {
		bpf_probe_read_user(endpoints->peer, 16, (void *)(name + 8));
	} else {
		return;
	}
	endpoints->peer_port = __builtin_bswap16(address.port);
}

static __always_inline bool is_dns(const struct endpoints *endpoints)
{
	return endpoints->local_port == DNS_PORT || endpoints->peer_port == DNS_PORT ||
	       endpoints->local_port == MULTICAST_DNS_PORT || endpoints->peer_port == MULTICAST_DNS_PORT;
}

/* Sends what the current thread has just moved, a message of DNS. Not static, as its stack would add to others. */
__attribute__((noinline)) int send_datagram(u32 tid)
{
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	struct scratch *work;
	struct record *record;
	u32 place, data_bytes;
	u64 length;

	if (!thread)
		return 0;
	work = scratch_take(&place);
	if (!work) {
		COUNT(datagrams_lost);
		return 0;
	}
	record = &work->record;
	length = thread->moved.length < thread->moved.readable ? thread->moved.length : thread->moved.readable;
	fill_record_of_thread(record, RECORD_DATAGRAM, thread);
	record->key = thread->key;
	record->direction = thread->direction;
	record->flags = 0;
	record->carrier.address = 0;
	record->carrier.number = 0;
	record->start_ns = thread->start_ns;
	record->end_ns = thread->moved.end_ns;
	record->since_ns = 0;
	record->length = length;
	record->position = 0;
	read_endpoints(thread->sk, TRANSPORT_UDP, &record->endpoints);
	read_peer(thread->moved.name, &record->endpoints);
	capture_from(work, 0, length);
	data_bytes = capture(place, thread->moved.buffer.address, length > CAPTURE_BYTES ? CAPTURE_BYTES : length,
			     pack_kind_and_count(&thread->moved.buffer));
	if (!data_bytes)
		COUNT(unreadable);
	if (!send_record(record, data_bytes))
		COUNT(datagrams_lost);
	scratch_release(work);
	return 0;
}

/*
 * Counts what the current thread has just sent or received in one go: one datagram, or with segmentation offload as many as
 * segment_bytes make of it. Says whether it is DNS, and not empty.
 *
 * Not static, so that the verifier looks at it once.
 */
__attribute__((noinline)) int count_datagram(u32 tid)
{
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	struct flow_totals *totals;
	struct endpoints endpoints;
	struct flow_key key = {};
	u32 length, segment_bytes;
	u64 datagrams = 1;

	if (!thread)
		return 0;
	length = thread->moved.length;
	segment_bytes = thread->moved.segment_bytes;
	read_endpoints(thread->sk, TRANSPORT_UDP, &endpoints);
	read_peer(thread->moved.name, &endpoints);
	key.pid = thread->pid;
	key.image = thread->image;
	__builtin_memcpy(key.local, endpoints.local, sizeof(key.local));
	__builtin_memcpy(key.peer, endpoints.peer, sizeof(key.peer));
	key.local_port = endpoints.local_port;
	key.peer_port = endpoints.peer_port;
	key.family = endpoints.family;
	if (segment_bytes && length > segment_bytes)
		datagrams = (length + segment_bytes - 1) / segment_bytes;
	totals = find_or_create_flow(&key);
	if (totals && thread->direction == SENT) {
		__sync_fetch_and_add(&totals->sent_datagrams, datagrams);
		__sync_fetch_and_add(&totals->sent_bytes, length);
	} else if (totals) {
		__sync_fetch_and_add(&totals->received_datagrams, datagrams);
		__sync_fetch_and_add(&totals->received_bytes, length);
	}
	return length && is_dns(&endpoints);
}

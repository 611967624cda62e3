/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What TCP says of the way to its peers: what had to be sent again, and how long an answer takes.
 */
#pragma once

#include "skb.h"

/* include/linux/socket.h */
#define AF_INET 2
#define AF_INET6 10

/* Every so many segments that come in, one says its connection's round-trip time; at least 1. */
const volatile u32 rtt_every = 1;

/* Smoothed round-trip times: 4 slots between two powers of 2, in microseconds. `rtt-histogram.ts` has their bounds. */
#define RTT_SLOTS 128

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr___words {
	u32 u6_addr32[4];
};

struct in6_addr {
	struct in6_addr___words in6_u;
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	unsigned short skc_family;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
};

struct request_sock {
	struct sock_common __req_common;
};

struct tcp_sock {
	u32 srtt_us; /* in eighths of a microsecond */
};

struct tcp_skb_cb {
	u16 tcp_gso_segs;
};

#pragma clang attribute pop

struct peer_key {
	u32 network_namespace;
	u8 address[16]; /* IPv4 in the first 4 bytes */
	u16 port;
	u16 family; /* AF_* */
};

struct retransmits {
	u64 segments; /* of data, or SYN, or FIN */
	u64 syn_acks;
};

struct round_trips {
	u64 skip; /* segments until the next one that counts */
	u64 counts[2 * RTT_SLOTS]; /* first of peers elsewhere, then of connections from this machine to itself */
};

/* Filled in turn, as the tables of packets are; 1,024 peers between two reads. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct peer_key);
	__type(value, struct retransmits);
} retransmits_0 SEC(".maps"), retransmits_1 SEC(".maps");

/* Of peers that found no room above. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct retransmits);
} other_retransmits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct round_trips);
} round_trips SEC(".maps");

static __always_inline void read_peer(const struct sock_common *common, struct peer_key *key)
{
	key->network_namespace = BPF_CORE_READ(common, skc_net.net, ns.inum);
	key->family = BPF_CORE_READ(common, skc_family);
	key->port = bpf_ntohs(BPF_CORE_READ(common, skc_dport));
	if (key->family == AF_INET)
		bpf_probe_read_kernel(key->address, 4, &common->skc_daddr);
	else
		bpf_probe_read_kernel(key->address, 16, &common->skc_v6_daddr);
}

static __always_inline struct retransmits *retransmits_in(void *map, const struct peer_key *key)
{
	struct retransmits *found = bpf_map_lookup_elem(map, key), nothing = {};

	if (found)
		return found;
	bpf_map_update_elem(map, key, &nothing, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

static __always_inline void add_retransmits(const struct sock_common *common, u64 segments, u64 syn_acks)
{
	struct retransmits *found;
	struct peer_key key = {};
	u32 zero = 0;

	read_peer(common, &key);
	if (active & 1)
		found = retransmits_in(&retransmits_1, &key);
	else
		found = retransmits_in(&retransmits_0, &key);
	if (!found)
		found = bpf_map_lookup_elem(&other_retransmits, &zero);
	if (!found)
		return;
	/* Of adding 0 the compiler makes something that kernels before 5.12 don't know. */
	if (segments)
		__sync_fetch_and_add(&found->segments, segments);
	if (syn_acks)
		__sync_fetch_and_add(&found->syn_acks, syn_acks);
}

/* A retransmitted packet counts as the segments that it is sent as, as in RetransSegs of /proc/net/snmp. */
static __always_inline u32 segments_of(const struct sk_buff *skb)
{
	u16 segments = 0;

	bpf_probe_read_kernel(&segments, sizeof(segments),
			      (void *)skb + bpf_core_field_offset(struct sk_buff, cb) +
				      bpf_core_field_offset(struct tcp_skb_cb, tcp_gso_segs));
	return segments;
}

static __always_inline u32 slot_of(u32 microseconds)
{
	u32 exponent = 0, rest = microseconds;

	if (microseconds < 4)
		return microseconds;
	for (u32 bits = 16; bits; bits >>= 1) {
		if (rest >> bits) {
			rest >>= bits;
			exponent += bits;
		}
	}
	return (exponent - 1) * 4 + (microseconds >> (exponent - 2) & 3);
}

static __always_inline bool peer_is_local(struct sock *sk)
{
	u32 peer[4] = {}, own[4] = {};

	if (sk->__sk_common.skc_family == AF_INET) {
		peer[3] = sk->__sk_common.skc_daddr;
		own[3] = sk->__sk_common.skc_rcv_saddr;
	} else {
		bpf_probe_read_kernel(peer, sizeof(peer), &sk->__sk_common.skc_v6_daddr);
		bpf_probe_read_kernel(own, sizeof(own), &sk->__sk_common.skc_v6_rcv_saddr);
	}
	/* 127.0.0.0/8, also where it is mapped into IPv6 */
	if (!peer[0] && !peer[1] && (!peer[2] || peer[2] == bpf_htonl(0xffff)) && bpf_ntohl(peer[3]) >> 24 == 127)
		return true;
	return peer[0] == own[0] && peer[1] == own[1] && peer[2] == own[2] && peer[3] == own[3];
}

static __always_inline void sample_round_trip(struct sock *sk)
{
	u32 zero = 0, first, slot;
	struct round_trips *sums = bpf_map_lookup_elem(&round_trips, &zero);

	if (!sums)
		return;
	if (sums->skip) {
		sums->skip--;
		return;
	}
	sums->skip = rtt_every - 1;
	/* Before the slot is found, or the verifier would look at this for each slot. */
	first = peer_is_local(sk) ? RTT_SLOTS : 0;
	slot = first + slot_of(BPF_CORE_READ((struct tcp_sock *)sk, srtt_us) >> 3);
	/* The compiler knows that this is so, and would leave it out: the verifier doesn't. */
	barrier_var(slot);
	if (slot < 2 * RTT_SLOTS)
		__sync_fetch_and_add(&sums->counts[slot], 1);
}

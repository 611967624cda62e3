/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is kept of the packets: sums, in the first of these that has room.
 *
 *   flows_0|1          interface, direction, addresses, protocol and ports
 *   interfaces_0|1     interface, direction and protocol: also what is neither IPv4 nor IPv6
 *   unattributed       nothing
 *
 * So a packet is counted once, and the sums of an interface are those of its flows and its own. There are two of each
 * table, and `active` says which ones are filled: user space flips it, waits for the programs that still run to end, and
 * takes all of the others. `packet-rows.ts` reads what is declared here.
 */
#pragma once

#include "skb.h"

#define BPF_MAP_TYPE_PERCPU_HASH 5

/* Tell flows apart. */
const volatile bool count_flows = true;

/* Which tables are filled: 0 or 1. Written by user space alone. */
volatile u32 active = 0;

struct flow_key {
	u32 network_namespace; /* number of its inode */
	u32 interface;
	u8 source[16]; /* IPv4 in the first 4 bytes */
	u8 destination[16];
	u16 source_port;
	u16 destination_port;
	u8 direction; /* DIRECTION_* */
	u8 network;   /* NETWORK_* */
	u8 protocol;  /* of IP, by number */
	u8 transport; /* TRANSPORT_* */
};

struct interface_key {
	u32 network_namespace;
	u32 interface;
	u8 direction;
	u8 network;
	u8 transport;
	u8 unused;
};

/* A packet that the driver refuses is taken out of the sums, which may by then be those of the other table: signed. */
struct packet_sums {
	s64 buffers; /* packets as the kernel handles them: a super-packet is one */
	s64 bytes;   /* of these */
	s64 more_packets; /* what super-packets stand for beside themselves */
	s64 more_bytes;	  /* headers of these */
};

struct interface_number {
	u32 network_namespace;
	u32 interface;
};

struct interface_name {
	char name[16];
};

/* Sized by user space: 4,096 flows between two reads, which come once a second. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct flow_key);
	__type(value, struct packet_sums);
} flows_0 SEC(".maps"), flows_1 SEC(".maps");

/* A busy interface has 10 of them. Per CPU, since without flows each packet of a machine would go to a few rows. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct interface_key);
	__type(value, struct packet_sums);
} interfaces_0 SEC(".maps"), interfaces_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct packet_sums);
} unattributed SEC(".maps");

/* Written whenever a row is made, so that a new name is seen. Those of interfaces that are gone fall out. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct interface_number);
	__type(value, struct interface_name);
} interface_names SEC(".maps");

static __always_inline void note_name(struct net_device *device, u32 network_namespace)
{
	struct interface_number number = { .network_namespace = network_namespace, .interface = device->ifindex };
	struct interface_name name = {};

	bpf_probe_read_kernel_str(name.name, sizeof(name.name), device->name);
	bpf_map_update_elem(&interface_names, &number, &name, BPF_ANY);
}

/* `map` is the address of one of two tables; the verifier has to know which one. */
static __always_inline struct packet_sums *find_or_create_row(void *map, const void *key, struct net_device *device,
							      u32 network_namespace)
{
	struct packet_sums *row = bpf_map_lookup_elem(map, key), nothing = {};

	if (row)
		return row;
	bpf_map_update_elem(map, key, &nothing, BPF_NOEXIST);
	row = bpf_map_lookup_elem(map, key);
	if (row)
		note_name(device, network_namespace);
	return row;
}

static __always_inline struct packet_sums *flow_row(struct net_device *device, u32 direction, u32 network_namespace,
						    const struct headers *headers)
{
	struct flow_key key = {
		.network_namespace = network_namespace,
		.interface = device->ifindex,
		.source_port = headers->source_port,
		.destination_port = headers->destination_port,
		.direction = direction,
		.network = headers->network,
		.protocol = headers->protocol,
		.transport = headers->transport,
	};

	__builtin_memcpy(key.source, headers->source, sizeof(key.source));
	__builtin_memcpy(key.destination, headers->destination, sizeof(key.destination));
	if (active & 1)
		return find_or_create_row(&flows_1, &key, device, network_namespace);
	return find_or_create_row(&flows_0, &key, device, network_namespace);
}

static __always_inline struct packet_sums *interface_row(struct net_device *device, u32 direction,
							 u32 network_namespace, const struct headers *headers)
{
	struct interface_key key = {
		.network_namespace = network_namespace,
		.interface = device->ifindex,
		.direction = direction,
		.network = headers->network,
		.transport = headers->transport,
	};

	if (active & 1)
		return find_or_create_row(&interfaces_1, &key, device, network_namespace);
	return find_or_create_row(&interfaces_0, &key, device, network_namespace);
}

/* sign is 1, or -1 to take the packet out again. Atomic, since packets of a flow may be at two CPUs. */
static __always_inline void add_packet(struct net_device *device, u32 direction, const struct packet *packet, s64 sign)
{
	u32 network_namespace = device->nd_net.net->ns.inum, zero = 0;
	struct packet_sums *row = NULL;

	if (count_flows && packet->headers.addressed)
		row = flow_row(device, direction, network_namespace, &packet->headers);
	if (!row)
		row = interface_row(device, direction, network_namespace, &packet->headers);
	if (!row)
		row = bpf_map_lookup_elem(&unattributed, &zero);
	if (!row)
		return;
	__sync_fetch_and_add(&row->buffers, sign);
	__sync_fetch_and_add(&row->bytes, sign * packet->bytes);
	if (packet->segments > 1) {
		u64 more = packet->segments - 1;

		__sync_fetch_and_add(&row->more_packets, sign * more);
		__sync_fetch_and_add(&row->more_bytes, sign * more * packet->header_bytes);
	}
}

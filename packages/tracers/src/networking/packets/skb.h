/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet as the kernel has it, and what its headers say: read by offset from the linear part of its buffer, without
 * writing to it.
 */
#pragma once

#include "../../kernel/types.h"
#include <bpf/bpf_endian.h>

/* include/uapi/linux/if_ether.h */
#define ETH_P_IP 0x0800
#define ETH_P_ARP 0x0806
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define ETH_P_IPV6 0x86dd

/* include/uapi/linux/if_arp.h: the type of `lo` */
#define ARPHRD_LOOPBACK 772

/* include/uapi/linux/in.h, in6.h */
#define IPPROTO_HOPOPTS 0
#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_ROUTING 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_AH 51
#define IPPROTO_ICMPV6 58
#define IPPROTO_DSTOPTS 60

/* Extension headers of IPv6 that are walked; more than a few nobody sends, and routers drop. */
#define IPV6_EXTENSIONS 6
/* Of a packet that arrives with its tags in the data. */
#define VLAN_TAGS 2

/* include/linux/skbuff.h: gso_type of a packet in a tunnel, whose inner packet is what is cut up. Unchanged since 4.7. */
#define SKB_GSO_TUNNELS (1 << 6 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11)
#define SKB_GSO_TCP (1 << 0 | 1 << 4)

/* What a packet is; `packet-rows.ts` reads these. */
#define DIRECTION_RECEIVE 0
#define DIRECTION_TRANSMIT 1

#define NETWORK_OTHER 0
#define NETWORK_IPV4 1
#define NETWORK_IPV6 2
#define NETWORK_ARP 3

#define TRANSPORT_OTHER 0
#define TRANSPORT_TCP 1
#define TRANSPORT_UDP 2
#define TRANSPORT_ICMP 3

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	int ifindex;
	unsigned short type;
	possible_net_t nd_net;
	char name[16];
};

struct sk_buff {
	struct net_device *dev;
	char cb[48];
	unsigned int len;
	__be16 protocol;
	u16 inner_transport_header;
	u16 network_header;
	u16 mac_header;
	/* Offsets from head: so on all 64-bit kernels. */
	unsigned int tail;
	unsigned int end;
	unsigned char *head;
	unsigned char *data;
};

struct skb_shared_info {
	unsigned short gso_size;
	unsigned short gso_segs;
	unsigned int gso_type;
};

#pragma clang attribute pop

/* What the headers of a packet say. */
struct headers {
	u8 network;   /* NETWORK_* */
	u8 transport; /* TRANSPORT_* */
	u8 protocol;  /* the number behind the transport; 0 where it isn't known */
	bool addressed; /* the addresses are known */
	/* IPv4 in the first 4 bytes */
	u8 source[16];
	u8 destination[16];
	/* 0 where the transport has none, or where they are in another fragment */
	u16 source_port;
	u16 destination_port;
	/* Offset from skb->head of the first byte behind the transport's header; 0 where it isn't known. */
	u32 payload;
};

static __always_inline u32 transport_of(u8 network, u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return TRANSPORT_TCP;
	case IPPROTO_UDP:
		return TRANSPORT_UDP;
	case IPPROTO_ICMP:
		return network == NETWORK_IPV4 ? TRANSPORT_ICMP : TRANSPORT_OTHER;
	case IPPROTO_ICMPV6:
		return network == NETWORK_IPV6 ? TRANSPORT_ICMP : TRANSPORT_OTHER;
	default:
		return TRANSPORT_OTHER;
	}
}

/* Both headers begin with the ports. */
struct transport_header {
	__be16 source;
	__be16 destination;
	u8 skipped[8];
	u8 data_offset; /* of TCP, in the upper 4 bits, in words of 4 bytes */
	u8 unused;
};

struct ipv4_header {
	u8 version_and_length;
	u8 service;
	__be16 total_length;
	__be16 identification;
	__be16 fragment;
	u8 time_to_live;
	u8 protocol;
	__be16 checksum;
	u8 source[4];
	u8 destination[4];
	struct transport_header next; /* where there are no options */
};

struct ipv6_header {
	u32 version_and_flow;
	__be16 payload_length;
	u8 next_protocol;
	u8 hop_limit;
	u8 source[16];
	u8 destination[16];
	struct transport_header next; /* where there are no extension headers */
};

/* header is what stands at this offset, of which only what is in the linear part counts. */
static __always_inline void read_transport(struct sk_buff *skb, const struct transport_header *header, u32 offset,
					   struct headers *headers)
{
	u32 linear = skb->tail;

	if (headers->transport == TRANSPORT_TCP && offset + 13 <= linear)
		headers->payload = offset + (header->data_offset >> 4) * 4;
	if (headers->transport == TRANSPORT_UDP)
		headers->payload = offset + 8;
	if (headers->transport != TRANSPORT_TCP && headers->transport != TRANSPORT_UDP)
		return;
	if (offset + 4 > linear)
		return;
	headers->source_port = bpf_ntohs(header->source);
	headers->destination_port = bpf_ntohs(header->destination);
}

static __always_inline void read_ipv4(struct sk_buff *skb, u32 offset, struct headers *headers)
{
	struct ipv4_header header;
	u32 bytes;

	if (offset + 20 > skb->tail || bpf_probe_read_kernel(&header, sizeof(header), skb->head + offset))
		return;
	bytes = (header.version_and_length & 15) * 4;
	if (header.version_and_length >> 4 != 4 || bytes < 20)
		return;
	headers->protocol = header.protocol;
	headers->transport = transport_of(NETWORK_IPV4, header.protocol);
	headers->addressed = true;
	__builtin_memcpy(headers->source, header.source, 4);
	__builtin_memcpy(headers->destination, header.destination, 4);
	/* Only the first fragment has the transport's header. */
	if (header.fragment & bpf_htons(0x1fff))
		return;
	if (bytes > 20 && bpf_probe_read_kernel(&header.next, sizeof(header.next), skb->head + offset + bytes))
		return;
	read_transport(skb, &header.next, offset + bytes, headers);
}

static __always_inline bool is_ipv6_extension(u8 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_FRAGMENT ||
	       protocol == IPPROTO_DSTOPTS || protocol == IPPROTO_AH;
}

/* What skip_ipv6_extensions() answers: the protocol behind them, and the offset of its header. */
#define BEHIND_EXTENSIONS(protocol, offset) ((u64)(offset) << 8 | (u8)(protocol))
/* In place of the offset. */
#define OFFSET_CUT 0xffffffff	   /* they can't be read to their end; the protocol is not known */
#define OFFSET_FRAGMENT 0xfffffffe /* of a fragment that is not the first, which has no header */

/*
 * Passes the extension headers of a packet: the first one, of this protocol, is at this offset from head, and the linear part
 * ends at the offset tail.
 *
 * Not static, so that the verifier looks at it once: it would go on from each header, with each protocol that it may be of.
 */
__attribute__((noinline)) u64 skip_ipv6_extensions(u64 head, u32 tail, u32 offset, u32 first_protocol)
{
	u8 protocol = first_protocol;

	for (u32 extension = 0; extension < IPV6_EXTENSIONS; extension++) {
		u8 start[4];

		if (!is_ipv6_extension(protocol))
			break;
		if (offset + 4 > tail || bpf_probe_read_kernel(start, sizeof(start), (void *)(head + offset)))
			return BEHIND_EXTENSIONS(0, OFFSET_CUT);
		/* Of a fragment that is not the first, what follows is in the middle of the packet. */
		if (protocol == IPPROTO_FRAGMENT && (start[2] || start[3] & 0xf8))
			return BEHIND_EXTENSIONS(start[0], OFFSET_FRAGMENT);
		if (protocol == IPPROTO_FRAGMENT)
			offset += 8;
		else if (protocol == IPPROTO_AH)
			offset += (start[1] + 2) * 4;
		else
			offset += (start[1] + 1) * 8;
		protocol = start[0];
	}
	return BEHIND_EXTENSIONS(protocol, offset);
}

static __always_inline void read_ipv6(struct sk_buff *skb, u32 offset, struct headers *headers)
{
	struct ipv6_header header;
	u32 next = offset + 40;
	u8 protocol;

	if (next > skb->tail || bpf_probe_read_kernel(&header, sizeof(header), skb->head + offset))
		return;
	if ((*(u8 *)&header.version_and_flow) >> 4 != 6)
		return;
	headers->addressed = true;
	__builtin_memcpy(headers->source, header.source, 16);
	__builtin_memcpy(headers->destination, header.destination, 16);
	protocol = header.next_protocol;
	if (is_ipv6_extension(protocol)) {
		/* Copied, since 6.17 a plain load gives no number but a pointer, which the function does not take. */
		u64 head = (u64)BPF_CORE_READ(skb, head);
		u64 behind = skip_ipv6_extensions(head, skb->tail, next, protocol);

		protocol = behind;
		next = behind >> 8;
		if (next == OFFSET_CUT)
			return;
	}
	headers->protocol = protocol;
	headers->transport = transport_of(NETWORK_IPV6, protocol);
	if (next == OFFSET_FRAGMENT)
		return;
	if (next != offset + 40 && bpf_probe_read_kernel(&header.next, sizeof(header.next), skb->head + next))
		return;
	read_transport(skb, &header.next, next, headers);
}

/* protocol is that of the header at this offset from skb->head. */
static __always_inline void read_headers(struct sk_buff *skb, u16 protocol, u32 offset, struct headers *headers)
{
	switch (protocol) {
	case ETH_P_IP:
		headers->network = NETWORK_IPV4;
		read_ipv4(skb, offset, headers);
		return;
	case ETH_P_IPV6:
		headers->network = NETWORK_IPV6;
		read_ipv6(skb, offset, headers);
		return;
	case ETH_P_ARP:
		headers->network = NETWORK_ARP;
		return;
	}
}

static __always_inline bool is_vlan_tag(u16 protocol)
{
	return protocol == ETH_P_8021Q || protocol == ETH_P_8021AD;
}

/* A packet that goes by an interface, and how it counts. */
struct packet {
	struct headers headers;
	u32 segments; /* packets that a super-packet stands for, or 1 */
	u32 bytes;    /* from the link's header on, as the interfaces of software count: on `lo` without that header */
	u32 header_bytes; /* of it, what each segment has anew; 0 for a packet of one segment */
};

/* The beginning of struct skb_shared_info, read at once: reading costs by the call. */
#define SHARED_BYTES 32

#define SHARED(bytes, field)                                                                                           \
	(*(typeof(((struct skb_shared_info *)0)->field) *)((bytes) +                                                   \
							   bpf_core_field_offset(struct skb_shared_info, field)))

static __always_inline void count_segments(struct sk_buff *skb, u32 before_network, u32 network, struct packet *packet)
{
	u32 size, payload = packet->headers.payload, type;
	u8 shared[SHARED_BYTES] __attribute__((aligned(8)));

	packet->segments = 1;
	if (bpf_probe_read_kernel(shared, sizeof(shared), skb->head + skb->end))
		return;
	size = SHARED(shared, gso_size);
	if (!size)
		return;
	type = SHARED(shared, gso_type);
	if (type & SKB_GSO_TUNNELS) {
		payload = skb->inner_transport_header;
		if (type & SKB_GSO_TCP) {
			u8 data_offset = 0;

			bpf_probe_read_kernel(&data_offset, 1, skb->head + payload + 12);
			payload += (data_offset >> 4) * 4;
		} else {
			payload += 8;
		}
	}
	if (payload > network)
		packet->header_bytes = before_network + payload - network;
	packet->segments = SHARED(shared, gso_segs);
	/* What comes from a virtual machine may leave that to whoever wants to know (SKB_GSO_DODGY). */
	if (!packet->segments && packet->bytes > packet->header_bytes)
		packet->segments = (packet->bytes - packet->header_bytes + size - 1) / size;
	if (!packet->segments)
		packet->segments = 1;
}

/* A packet that is handed to the driver: its data begins with the link's header. */
static __always_inline void read_transmitted(struct sk_buff *skb, struct net_device *device, struct packet *packet)
{
	u32 data = skb->data - skb->head, network = skb->network_header, link = network - data;
	u16 protocol = bpf_ntohs(skb->protocol);

	/* There may be no network header. */
	if (network < data || link > skb->len) {
		network = data;
		link = 0;
	}
	if (is_vlan_tag(protocol) && link >= 4) {
		__be16 inner = 0;

		bpf_probe_read_kernel(&inner, sizeof(inner), skb->head + network - 2);
		protocol = bpf_ntohs(inner);
	}
	packet->bytes = skb->len;
	if (device->type == ARPHRD_LOOPBACK) {
		packet->bytes -= link;
		link = 0;
	}
	read_headers(skb, protocol, network, &packet->headers);
	count_segments(skb, link, network, packet);
}

/* A packet that has come in: its data begins behind the link's header, and skb->network_header isn't set yet. */
static __always_inline void read_received(struct sk_buff *skb, struct net_device *device, struct packet *packet)
{
	u32 data = skb->data - skb->head, link = data - skb->mac_header, network = data;
	u16 protocol = bpf_ntohs(skb->protocol);

	if (skb->mac_header > data || device->type == ARPHRD_LOOPBACK)
		link = 0;
	for (u32 tag = 0; tag < VLAN_TAGS && is_vlan_tag(protocol); tag++) {
		__be16 inner = 0;

		bpf_probe_read_kernel(&inner, sizeof(inner), skb->head + network + 2);
		protocol = bpf_ntohs(inner);
		network += 4;
	}
	packet->bytes = skb->len + link;
	read_headers(skb, protocol, network, &packet->headers);
	count_segments(skb, link + network - data, network, packet);
}

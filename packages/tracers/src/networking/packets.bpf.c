// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Kernel half of the packet tracer: sums up what goes by the interfaces, in all network namespaces.
 *
 *   net_dev_start_xmit --> on_transmit   a packet is handed to its interface's driver
 *   net_dev_xmit --------> on_refused    which may hand it back, to be sent again later
 *   netif_receive_skb ---> on_receive    a packet has come in; packets may have been joined before (GRO)
 *   kfree_skb -----------> on_drop       a packet is thrown away
 *   tcp_retransmit_* ----> on_resend*    TCP sends a segment again
 *   tcp_probe -----------> on_segment    a segment has come in for an established connection
 *
 * These are tracepoints: nothing is attached to an interface, and what others attached is not disturbed.
 */
#include "packets/packet-table.h"

#include "packets/drops.h"
#include "packets/tcp.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* include/linux/netdevice.h */
#define NETDEV_TX_BUSY 0x10

SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(on_transmit, struct sk_buff *skb, struct net_device *device)
{
	struct packet packet = {};

	read_transmitted(skb, device, &packet);
	add_packet(device, DIRECTION_TRANSMIT, &packet, 1);
	return 0;
}

/* Unless the driver was busy, the packet is gone: only its address is left. */
SEC("tp_btf/net_dev_xmit")
int BPF_PROG(on_refused, struct sk_buff *skb, int result, struct net_device *device)
{
	struct packet packet = {};

	if (result != NETDEV_TX_BUSY)
		return 0;
	read_transmitted(skb, device, &packet);
	add_packet(device, DIRECTION_TRANSMIT, &packet, -1);
	return 0;
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(on_receive, struct sk_buff *skb)
{
	struct net_device *device = skb->dev;
	struct packet packet = {};

	read_received(skb, device, &packet);
	add_packet(device, DIRECTION_RECEIVE, &packet, 1);
	return 0;
}

/* Which of these two a kernel has is told by its BTF: the reason came with 5.17. */
SEC("?tp_btf/kfree_skb")
int BPF_PROG(on_drop, struct sk_buff *skb, void *location, u32 reason)
{
	add_drop(skb, reason);
	return 0;
}

SEC("?tp_btf/kfree_skb")
int BPF_PROG(on_drop_without_reason, struct sk_buff *skb)
{
	add_drop(skb, REASON_NONE);
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_resend, struct sock *sk, struct sk_buff *skb)
{
	add_retransmits(&sk->__sk_common, segments_of(skb), 0);
	return 0;
}

SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(on_resend_syn_ack, struct sock *sk, struct request_sock *request)
{
	add_retransmits(&request->__req_common, 0, 1);
	return 0;
}

SEC("tp_btf/tcp_probe")
int BPF_PROG(on_segment, struct sock *sk)
{
	sample_round_trip(sk);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* For tests: an interface that loses one in 50 of the packets that come in. `ip link set dev X xdpgeneric obj lossy.bpf.o` */
#include "../../kernel/types.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* enum xdp_action */
#define XDP_DROP 1
#define XDP_PASS 2

u32 packets = 0;

SEC("xdp")
int lose(void *context)
{
	return ++packets % 50 ? XDP_PASS : XDP_DROP;
}

/* The same without loss: an interface with it takes packets by NAPI. */
SEC("xdp/pass")
int pass(void *context)
{
	return XDP_PASS;
}

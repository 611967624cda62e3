// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Every kind of CO-RE relocation against real kernels. Never loaded: the tests compare instructions with libbpf's. */
#include "types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

volatile u64 out;

#define PROGRAM(name) SEC("core") int name(void *context)
#define CORE __attribute__((preserve_access_index))

struct kernfs_node {
	u64 id;
} CORE;

struct cgroup {
	struct kernfs_node *kn;
	int level;
} CORE;

struct css_set {
	struct cgroup *dfl_cgrp;
} CORE;

struct signal_struct {
	int nr_threads;
} CORE;

struct task_struct {
	int pid;
	int tgid;
	u32 flags;
	unsigned int __state;
	char comm[16];
	u64 start_time;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	struct css_set *cgroups;
	unsigned sched_reset_on_fork : 1;
	unsigned in_execve : 1;
	unsigned no_cgroup_migration : 1;
	u32 no_such_field;
} CORE;

struct task_struct___before_5_14 {
	long state;
} CORE;

PROGRAM(loads)
{
	struct task_struct *task = context;

	out = task->pid;
	out = task->flags;
	out = task->start_time;
	out = task->real_parent->tgid;
	out = task->group_leader->signal->nr_threads;
	out = task->cgroups->dfl_cgrp->kn->id;
	out = task->comm[3];
	return 0;
}

PROGRAM(stores_and_addresses)
{
	struct task_struct *task = context;

	task->flags = (u32)out;
	out = (u64)&task->comm[5];
	out = (u64)&task[1].pid;
	return 0;
}

PROGRAM(renamed_field)
{
	struct task_struct *task = context;
	struct task_struct___before_5_14 *old = context;

	out = bpf_core_field_exists(task->__state) ? task->__state : old->state;
	return 0;
}

PROGRAM(missing_field)
{
	struct task_struct *task = context;

	out = task->no_such_field;
	return 0;
}

PROGRAM(sizes_and_signs)
{
	struct task_struct *task = context;

	out = bpf_core_field_size(task->comm);
	out = bpf_core_field_size(task->signal);
	out = __builtin_preserve_field_info(task->pid, BPF_FIELD_SIGNED);
	out = __builtin_preserve_field_info(task->flags, BPF_FIELD_SIGNED);
	return 0;
}

PROGRAM(bitfields)
{
	struct task_struct *task = context;

	out = BPF_CORE_READ_BITFIELD_PROBED(task, sched_reset_on_fork);
	out = BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
	out = BPF_CORE_READ_BITFIELD(task, no_cgroup_migration);
	out = bpf_core_field_exists(task->in_execve);
	return 0;
}

struct sk_buff {
	u32 len;
	u32 data_len;
	u16 queue_mapping;
	u8 cloned : 1;
	u8 pkt_type : 3;
	u8 ip_summed : 2;
	u32 mark;
	u16 transport_header;
	u16 network_header;
	char cb[48];
	unsigned char *head;
	u64 tstamp;
} CORE;

struct sock_common {
	u32 skc_daddr;
	u32 skc_rcv_saddr;
	u16 skc_dport;
	u16 skc_num;
	u16 skc_family;
} CORE;

struct sock {
	struct sock_common __sk_common;
	u16 sk_protocol;
	u8 sk_shutdown;
} CORE;

/* Members of anonymous structs and unions, of bitfields among them, that moved from kernel to kernel. */
PROGRAM(anonymous_members)
{
	struct sk_buff *skb = context;
	struct sock *sock = context;

	out = skb->len;
	out = skb->queue_mapping;
	out = skb->mark;
	out = skb->transport_header;
	out = skb->tstamp;
	out = skb->cb[7];
	out = sock->__sk_common.skc_daddr;
	out = sock->__sk_common.skc_num;
	out = BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type);
	out = BPF_CORE_READ_BITFIELD_PROBED(skb, ip_summed);
	out = BPF_CORE_READ_BITFIELD_PROBED(skb, cloned);
	return 0;
}

struct absent {
	u32 field;
};

typedef struct {
	u64 counter;
} atomic64_t;

PROGRAM(types)
{
	out = bpf_core_type_id_local(struct sk_buff);
	out = bpf_core_type_id_kernel(struct sk_buff);
	out = bpf_core_type_id_kernel(struct absent);
	out = bpf_core_type_exists(struct sk_buff);
	out = bpf_core_type_exists(struct absent);
	out = bpf_core_type_exists(atomic64_t);
	out = bpf_core_type_size(struct task_struct);
	out = bpf_core_type_size(struct sk_buff);
	out = bpf_core_type_size(struct absent);
	return 0;
}

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_head {
	struct hlist_node *first;
};

struct rb_node {
	u64 __rb_parent_color;
	struct rb_node *rb_right;
};

struct list_head___wrong {
	struct list_head *next;
	u32 no_such_member;
};

PROGRAM(type_matches)
{
	out = bpf_core_type_matches(struct list_head);
	out = bpf_core_type_matches(struct hlist_head);
	out = bpf_core_type_matches(struct rb_node);
	out = bpf_core_type_matches(struct list_head___wrong);
	out = bpf_core_type_matches(struct absent);
	return 0;
}

enum bpf_map_type {
	BPF_MAP_TYPE_HASH___old = 1,
	BPF_MAP_TYPE_RINGBUF___old = 1000,
	BPF_MAP_TYPE_ARENA___old = 1001,
	BPF_MAP_TYPE_NONE___old = 1002,
};

enum bpf_func_id {
	BPF_FUNC_loop = 1,
	BPF_FUNC_no_such_helper = 2,
};

PROGRAM(enumerators)
{
	out = bpf_core_enum_value(enum bpf_map_type, BPF_MAP_TYPE_RINGBUF___old);
	out = bpf_core_enum_value_exists(enum bpf_map_type, BPF_MAP_TYPE_ARENA___old);
	out = bpf_core_enum_value_exists(enum bpf_map_type, BPF_MAP_TYPE_NONE___old);
	out = bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop);
	out = bpf_core_enum_value(enum bpf_func_id, BPF_FUNC_loop);
	out = bpf_core_enum_value(enum bpf_func_id, BPF_FUNC_no_such_helper);
	return 0;
}

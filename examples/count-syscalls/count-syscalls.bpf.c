// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counts system calls by process, and reports each program that is started. */

/* Integer names first: libbpf's headers use them. No <linux/bpf.h>, so that the object is the same on every machine. */
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

#include <bpf/bpf_helpers.h>

#define BPF_MAP_TYPE_HASH 1
#define BPF_MAP_TYPE_RINGBUF 27
#define BPF_ANY 0

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Processes with smaller numbers are not counted. */
const volatile __u32 min_pid = 1;

/* System calls that were not counted, for want of room. */
__u64 lost = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	/* More processes than most machines run. */
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, __u64);
} calls_by_pid SEC(".maps");

struct exec {
	__u32 pid;
	char name[16];
};

/* So that the object has the type of the records. */
const struct exec *unused __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	/* Some 1,000 records. */
	__uint(max_entries, 32768);
} execs SEC(".maps");

SEC("tp_btf/sys_enter")
int on_sys_enter(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u64 *calls, one = 1;

	if (pid < min_pid)
		return 0;
	calls = bpf_map_lookup_elem(&calls_by_pid, &pid);
	if (calls)
		__sync_fetch_and_add(calls, 1);
	else if (bpf_map_update_elem(&calls_by_pid, &pid, &one, BPF_ANY))
		__sync_fetch_and_add(&lost, 1);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int on_exec(void *ctx)
{
	struct exec *exec = bpf_ringbuf_reserve(&execs, sizeof(*exec), 0);

	if (!exec)
		return 0;
	exec->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(exec->name, sizeof(exec->name));
	bpf_ringbuf_submit(exec, 0);
	return 0;
}

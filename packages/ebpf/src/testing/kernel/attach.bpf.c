// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One program for each kind of hook. Each counts its runs in the process that tests it. */
#include "test.h"
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The process whose hits count. */
const volatile __u32 target_pid = 0;
/* Number of getppid(), which differs by architecture. */
const volatile __u64 syscall_number = 0;

enum hook {
	HOOK_TRACEPOINT,
	HOOK_RAW_TRACEPOINT,
	HOOK_TP_BTF,
	HOOK_KPROBE,
	HOOK_KRETPROBE,
	HOOK_FENTRY,
	HOOK_FEXIT,
	HOOK_UPROBE,
	HOOK_URETPROBE,
	HOOK_PERF_EVENT,
	HOOK_ITERATOR,
	HOOK_UPROBE_MULTI,
	HOOKS,
};

__u64 hits[HOOKS] = {};
/* What the last run of a probe with a cookie saw. */
__u64 cookie = 0;
/* Whether the last system call came from inside the cgroup in `cgroups`. */
__s64 in_cgroup = -1;
/* bpf_get_stackid() of the last one. */
__s64 user_stack = -1;

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, 4);
	/* kernel.perf_event_max_stack is 127 by default. */
	__uint(value_size, 127 * 8);
} stacks SEC(".maps");

static __always_inline bool is_target(void)
{
	return bpf_get_current_pid_tgid() >> 32 == target_pid;
}

static __always_inline int hit(enum hook hook)
{
	if (is_target())
		__sync_fetch_and_add(&hits[hook], 1);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_tracepoint(void *ctx)
{
	return hit(HOOK_TRACEPOINT);
}

SEC("raw_tp/sys_enter")
int on_raw_tracepoint(__u64 *ctx)
{
	return ctx[1] == syscall_number ? hit(HOOK_RAW_TRACEPOINT) : 0;
}

SEC("tp_btf/sys_enter")
int on_tp_btf(__u64 *ctx)
{
	if (ctx[1] != syscall_number || !is_target())
		return 0;
	in_cgroup = bpf_current_task_under_cgroup(&cgroups, 0);
	user_stack = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	return hit(HOOK_TP_BTF);
}

/* Attached by name: the function is called __x64_sys_getppid or __arm64_sys_getppid. */
SEC("kprobe")
int on_kprobe(void *ctx)
{
	return hit(HOOK_KPROBE);
}

SEC("kretprobe")
int on_kretprobe(void *ctx)
{
	return hit(HOOK_KRETPROBE);
}

/* The kernel calls these functions in a test run of a tracing program: net/bpf/test_run.c. */
SEC("?fentry/bpf_fentry_test1")
int on_fentry(void *ctx)
{
	return hit(HOOK_FENTRY);
}

SEC("?fexit/bpf_fentry_test1")
int on_fexit(void *ctx)
{
	return hit(HOOK_FEXIT);
}

SEC("uprobe")
int on_uprobe(void *ctx)
{
	return hit(HOOK_UPROBE);
}

SEC("uretprobe")
int on_uretprobe(void *ctx)
{
	return hit(HOOK_URETPROBE);
}

SEC("perf_event")
int on_perf_event(void *ctx)
{
	return hit(HOOK_PERF_EVENT);
}

/* bpf_get_attach_cookie() came with 5.15. */
SEC("?uprobe")
int on_cookie(void *ctx)
{
	if (is_target())
		cookie = bpf_get_attach_cookie(ctx);
	return 0;
}

/* At many places at once; came with 6.6. */
SEC("?uprobe.multi")
int on_uprobe_multi(void *ctx)
{
	if (is_target())
		cookie = bpf_get_attach_cookie(ctx);
	return hit(HOOK_UPROBE_MULTI);
}

struct task_struct {
	int pid;
	int tgid;
} __attribute__((preserve_access_index));

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
} __attribute__((preserve_access_index));

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));

/* Writes the ids of the threads of the target, 4 bytes each. */
SEC("iter/task")
int on_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	int pid;

	if (!task || task->tgid != target_pid)
		return 0;
	pid = task->pid;
	bpf_seq_write(ctx->meta->seq, &pid, sizeof(pid));
	return hit(HOOK_ITERATOR);
}

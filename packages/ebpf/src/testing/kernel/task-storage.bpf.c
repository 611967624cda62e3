// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A counter kept with each thread: 5.11, for which it has an object of its own. */
#include "test.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct task_struct {
	int tgid;
} __attribute__((preserve_access_index));

const volatile __u32 target_pid = 0;
const volatile __u64 syscall_number = 0;

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} calls SEC(".maps");

SEC("tp_btf/sys_enter")
int count_calls(__u64 *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 *count;

	if (ctx[1] != syscall_number || task->tgid != target_pid)
		return 0;
	count = bpf_task_storage_get(&calls, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (count)
		*count += 1;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs that no verifier accepts, for the errors that they give. */
#include "test.h"
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* A hash: of arrays newer kernels know that a constant index is there. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");

SEC("?socket")
int forgets_null(void *ctx)
{
	__u32 zero = 0;
	__u64 *number = bpf_map_lookup_elem(&numbers, &zero);

	return *number > 7;
}

struct task_struct___test {
	int no_such_member;
} __attribute__((preserve_access_index));

SEC("?raw_tp/sys_enter")
int reads_missing_field(void *ctx)
{
	struct task_struct___test *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, no_such_member);
}

SEC("?tp_btf/no_such_tracepoint")
int has_no_target(void *ctx)
{
	return 0;
}

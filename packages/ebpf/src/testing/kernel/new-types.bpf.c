// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* BTF with kinds that kernels learned one by one: float (5.13), tags (5.16, 5.17), 64-bit and signed enums (6.0). */
#include "test.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum wide { WIDE_SMALL = 1, WIDE_LARGE = 0x123456789abcdefULL };
enum negative { NEGATIVE_LOW = -5, NEGATIVE_HIGH = 5 };

struct newest {
	enum wide wide;
	enum negative negative;
	float real;
	int __attribute__((btf_type_tag("user"))) *tagged;
	int marked __attribute__((btf_decl_tag("marked")));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct newest);
} newest SEC(".maps");

SEC("socket")
int write_newest(void *ctx)
{
	__u32 zero = 0;
	struct newest *value = bpf_map_lookup_elem(&newest, &zero);

	if (!value)
		return 1;
	value->wide = WIDE_LARGE;
	value->negative = NEGATIVE_LOW;
	value->marked = 9;
	return 0;
}

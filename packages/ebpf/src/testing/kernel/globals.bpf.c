// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Global variables of every section, and calls from one BPF function to another. */
#include "test.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct limits {
	__u32 low;
	__u32 high;
};

enum mode { MODE_SUM, MODE_PRODUCT };

/* .rodata: constant since the load */
const volatile __u64 factor = 3;
const volatile bool enabled = 1;
const volatile enum mode mode = MODE_SUM;
const volatile struct limits limits = { .low = 1, .high = 10 };
const volatile char greeting[16] = "hello";
const volatile __s16 offset = -2;
const volatile bool has_impossible_helper = 0;

/* .data and .bss: live */
__u64 initialised = 41;
__u64 result;
__u32 runs;
__u8 bytes[4];
volatile __s64 negative;

static __noinline __u64 scaled(__u64 number)
{
	return number * factor + offset;
}

/* Not static: the verifier checks it on its own. */
__noinline int within(__u32 number)
{
	return number >= limits.low && number <= limits.high;
}

SEC("socket")
int compute(void *ctx)
{
	runs++;
	if (!enabled)
		return 0;
	/* The verifier drops this branch where the constant is 0; else it would refuse the call. */
	if (has_impossible_helper)
		((long (*)(void))99999)();
	result = mode == MODE_SUM ? initialised + scaled(runs) : initialised * scaled(runs);
	bytes[runs & 3] = greeting[runs & 15];
	negative = -(__s64)result;
	return within(runs);
}

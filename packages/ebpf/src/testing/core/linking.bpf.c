// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the linker of object files has to put together. Never loaded: the tests look at specs and compare instructions. */
#include "types.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define PROGRAM(name) SEC("core") int name(void *context)
#define NOINLINE __attribute__((noinline))

enum answer { ANSWER_NO, ANSWER_YES };

struct key {
	u32 pid;
	u32 cpu;
};

struct value {
	u64 count;
	char name[16];
};

/* A few entries: the tests only look at the definition. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__uint(map_flags, 1);
	__type(key, struct key);
	__type(value, struct value);
} by_key SEC(".maps");

/* Sizes instead of types. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 24);
	__uint(max_entries, 3);
} by_size SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 5);
	__type(key, u32);
	__type(value, u64);
};

/* BPF_MAP_TYPE_ARRAY_OF_MAPS is 12. */
struct {
	__uint(type, 12);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct inner);
} outer SEC(".maps");

/* One page. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

const volatile u32 setting = 7;
const volatile enum answer answer = ANSWER_YES;
const volatile char text[8] = "skep";
u64 initialised = 0x1122334455667788;
u32 in_own_section SEC(".data.own") = 5;
static volatile u32 counter;
u64 zeroed[4];

extern u64 bpf_absent_variable __attribute__((section(".ksyms"))) __attribute__((weak));
extern void bpf_absent_function(void) __attribute__((section(".ksyms"))) __attribute__((weak));

PROGRAM(references)
{
	struct key key = {.pid = setting, .cpu = answer};
	struct value *value = bpf_map_lookup_elem(&by_key, &key);
	u32 index = text[1];

	initialised += in_own_section;
	counter++;
	zeroed[2] = initialised;
	if (value)
		value->count += zeroed[3];
	bpf_map_lookup_elem(&by_size, &index);
	bpf_map_lookup_elem(&outer, &index);
	bpf_ringbuf_output(&events, &key, sizeof(key), 0);
	return counter;
}

PROGRAM(string_literal)
{
	bpf_printk("a format that is too long for the stack: %d", setting);
	return 0;
}

static NOINLINE int leaf(int number)
{
	counter += number;
	return counter;
}

static NOINLINE int recursive_caller(int number)
{
	return leaf(number) + leaf(number + 1);
}

/* Global functions are relocated by symbol, static ones by section. */
NOINLINE int global_function(int number)
{
	return recursive_caller(number) + leaf(setting);
}

__attribute__((visibility("hidden"))) NOINLINE int hidden_function(int number)
{
	return leaf(number) * 2;
}

PROGRAM(calls)
{
	return global_function(1) + leaf(2) + hidden_function(3);
}

PROGRAM(calls_in_another_order)
{
	return leaf(1) + hidden_function(2) + global_function(3);
}

static long callback(u32 index, void *context)
{
	counter += index + leaf(index);
	return 0;
}

PROGRAM(callback_address)
{
	return bpf_loop(10, callback, 0, 0);
}

PROGRAM(weak_externs)
{
	if (&bpf_absent_variable)
		return 1;
	if (bpf_absent_function)
		bpf_absent_function();
	return 0;
}

SEC("?core") int optional_program(void *context)
{
	return 0;
}

SEC("tp_btf/sched_switch") int on_switch(void *context)
{
	return leaf(3);
}

SEC("no_such_prefix/target") int of_unknown_type(void *context)
{
	return 0;
}

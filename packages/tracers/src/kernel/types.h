/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's integer names, and the few UAPI numbers that the kernel halves use. Both are ABI: they never change.
 * <linux/bpf.h> is left out on purpose: objects must come out the same whatever version of it a machine has.
 */
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

typedef _Bool bool;
#define true 1
#define false 0

/* enum bpf_map_type */
#define BPF_MAP_TYPE_HASH 1
#define BPF_MAP_TYPE_ARRAY 2
#define BPF_MAP_TYPE_PROG_ARRAY 3
#define BPF_MAP_TYPE_PERCPU_ARRAY 6
#define BPF_MAP_TYPE_LRU_HASH 9
#define BPF_MAP_TYPE_RINGBUF 27

/* flags of bpf_map_update_elem() */
#define BPF_ANY 0
#define BPF_NOEXIST 1

/* flags of bpf_get_stack() */
#define BPF_F_USER_STACK (1ULL << 8)

/* flags of bpf_ringbuf_submit() and bpf_ringbuf_output(), and what bpf_ringbuf_query() can be asked */
#define BPF_RB_NO_WAKEUP 1
#define BPF_RB_FORCE_WAKEUP 2
#define BPF_RB_AVAIL_DATA 0

#define EEXIST 17
#define E2BIG 7

/*
 * These two come before libbpf's headers in every kernel half: the macros there name the types above.
 */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Another made-up kernel for rules.bpf.c: the contrary of target-a.bpf.c where there is one, and much that is missing. */
#include "types.h"

struct plain {
	u32 first;
	u32 gone;
	u16 second;
} plain;

struct widths {
	u8 grows;
	u32 shrinks;
	s32 signed_grows;
	u16 becomes_signed;
	void *pointer;
	signed char letter;
	_Bool flag;
	u32 becomes_struct;
	u32 becomes_enum;
	float real;
} widths;

struct bits {
	s32 low;
	u32 middle : 31;
	u64 crosses : 64;
	u32 wide;
	u8 spacer : 7;
	u8 was_whole : 1;
	u8 was_bits : 2;
} bits;

enum colour {
	COLOUR_GONE = 0x7fffffff,
	COLOUR_GREEN = -2,
	COLOUR_RED___flavoured = 11,
	COLOUR_BLUE___flavoured = 41,
} colour;

enum becomes_wide {
	WIDE_A = 8,
	WIDE_NEGATIVE = -6,
} becomes_wide;

enum big {
	BIG_VALUE = 9,
	BIG_SMALL = 7,
} big;

struct nested {
	struct {
		u32 inner;
	} named;
	u32 flat;
} nested;

struct flexible {
	u32 values[8];
	u32 count;
} flexible;

union mixed {
	struct {
		u32 right;
	} pair;
} mixed;

struct arrays {
	u32 elements;
	u32 matrix[2];
	u32 shrunk[8];
	u32 scalar[2];
} arrays;

union union_here_struct_there {
	u64 a;
} union_there;

struct match_same {
	u32 number;
	u64 *pointer;
	u32 array[4];
} match_same;

struct forward_only;

struct match_pointer_to_forward {
	struct pointed_to *pointer;
} match_pointer_to_forward;

struct far {
	u8 padding[32764];
	u32 near_here;
} far;

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A made-up kernel for rules.bpf.c: only its types matter. Where it differs from what the programs were written for. */
#include "types.h"

typedef const volatile u32 changing;
typedef changing renamed;

struct plain {
	u64 padding;
	u32 second;
	renamed first;
} plain;

struct _____x {
	u64 padding;
	u32 field;
} leading;

struct odd____name {
	u64 padding[2];
	u32 field;
} odd;

/* The flavour is the last part only: two___suffixes is a name. */
struct two___suffixes {
	u64 padding[3];
	u32 field;
} two_suffixes;

struct two {
	u32 field;
} two;

struct nested {
	u64 padding;
	struct {
		union {
			struct {
				u32 head;
				u32 flat;
			};
			u64 both;
		};
	};
	struct {
		struct {
			u32 other;
			u32 inner;
		};
		u64 deep_too;
		u32 deep;
	} named;
} nested;

struct mixed {
	u32 padding;
	union {
		u32 left;
		u64 right_too;
		u32 right;
	} pair;
} mixed;

struct element {
	u32 padding[3];
	u32 value;
};

struct arrays {
	u64 padding;
	u32 matrix[8][5];
	struct element elements[9];
	u32 shrunk[2];
	u32 scalar;
} arrays;

struct flexible {
	u64 padding;
	u32 count;
	u32 values[];
} flexible;

enum some_enum { SOME_ENUMERATOR };

struct widths {
	u64 padding;
	u64 grows;
	u16 shrinks;
	s64 signed_grows;
	s32 becomes_signed;
	char *pointer;
	unsigned char letter;
	u32 flag;
	struct element becomes_struct;
	enum some_enum becomes_enum;
	double real;
} widths;

struct bits {
	u64 padding;
	u32 other : 13;
	u32 low : 4;
	s32 middle : 9;
	u64 before : 30;
	u64 crosses : 20;
	u64 : 0;
	u64 spacer : 20;
	u64 wide : 41;
	u64 : 0;
	u32 was_whole : 6;
	u32 : 0;
	u16 was_bits;
} bits;

enum colour {
	COLOUR_GREEN = 20,
	COLOUR_RED = 10,
	COLOUR_BLUE = 40,
} colour;

enum becomes_wide {
	WIDE_A = -0x123456789aLL,
	WIDE_NEGATIVE = -5,
} becomes_wide;

enum big {
	BIG_VALUE = 0xfedcba9876543210ULL,
	BIG_SMALL = 6,
} big;

struct union_here_struct_there {
	u32 a;
} struct_there;

typedef struct {
	u64 another;
} typedef_of_anonymous;
typedef_of_anonymous of_anonymous;

typedef int (*callback)(s64 number, char *pointer);
typedef int (*callback_with_other_parameters)(u32 number, u32 another);
callback a_callback;
callback_with_other_parameters another_callback;

typedef s64 array_of_numbers[9];
typedef u32 array_here_number_there;
typedef int function_type(s64 number, char *pointer);
typedef int function_of_fewer(u32 number, u32 another);
typedef int function_of_others(struct plain *number);
typedef u64 pointer_here_number_there;
array_of_numbers an_array;
array_here_number_there a_number;
function_type *a_function;
function_of_fewer *function_of_more;
function_of_others *another_function;
pointer_here_number_there another_number;

enum of_another_name { OF_ANOTHER_NAME };

struct opaque {
	u32 defined;
} opaque;

struct fields {
	u64 padding;
	enum colour same_name;
	enum of_another_name other_name;
	enum { NAMELESS } nameless_there;
	enum becomes_wide wider;
	enum colour list[2];
	u32 array_here_number_there;
	u64 (*pointer_to_array)[7];
	struct opaque *opaque;
	s64 numbers_of_other_sign[3][1];
} fields;

union opaque_union {
	u32 defined;
};

struct match_forward {
	struct opaque *defined_there;
	union opaque_union *union_there;
} match_forward;

struct match_forward_of_other_kind {
	union opaque_union *union_there;
} match_forward_of_other_kind;

struct match_nothing {
	void *nothing;
} match_nothing;

struct match_nothing_something {
	u32 *nothing;
} match_nothing_something;

struct match_function {
	int (*function)(u32 number, u32 another);
} match_function;

struct match_function_type {
	int (*function)(u64 number);
} match_function_type;

union match_kinds {
	u32 number;
} match_kinds;

struct match_array_number {
	u32 member;
} match_array_number;

struct match_pointer_number {
	u32 member;
} match_pointer_number;

enum match_enum_wide {
	MATCH_WIDE = 0x123456789aULL,
} match_enum_wide;

struct pointed_to {
	u64 other;
} pointed_to;

struct match_same {
	struct pointed_to *pointer;
	u32 array[4];
	const u32 number;
} match_same;

struct match_subset {
	u64 more;
	u32 number;
} match_subset;

struct match_missing_member {
	u32 number;
	u32 another_member;
} match_missing_member;

struct match_other_width {
	u64 number;
} match_other_width;

struct match_other_sign {
	s32 number;
} match_other_sign;

struct match_other_length {
	u32 array[5];
} match_other_length;

struct match_pointer_to_forward {
	struct pointed_to *pointer;
} match_pointer_to_forward;

union other_union {
	u32 a;
};

struct match_pointer_to_union {
	union other_union *pointer;
} match_pointer_to_union;

struct match_embedded {
	struct match_subset embedded;
	int (*function)(u32 number, struct pointed_to *pointer);
} match_embedded;

union match_union {
	u64 b;
	u32 a;
	u8 c;
} match_union;

enum match_enum {
	MATCH_B = 5,
	MATCH_A = 6,
	MATCH_C = 7,
} match_enum;

enum match_enum_missing {
	MATCH_MISSING_A = 1,
	MATCH_MISSING_C = 2,
} match_enum_missing;

struct several {
	u32 padding;
	u32 agrees;
	u32 differs;
} several;

struct several___again {
	u32 differs;
	u32 agrees;
	u32 only_in_one;
} several_again;

struct several_narrowed {
	u32 padding;
	u32 agrees;
	u32 differs;
} several_narrowed;

struct several_narrowed___again {
	u32 differs;
	u32 agrees;
	u32 only_in_one;
} several_narrowed_again;

struct far {
	u8 padding[40000];
	u32 near_here;
} far;

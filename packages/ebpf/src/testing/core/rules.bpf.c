// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One program for each rule of CO-RE, relocated against the made-up kernels of target-a.bpf.c and target-b.bpf.c. They are
 * never loaded: the tests compare instructions. `out` keeps the compiler from leaving anything out.
 */
#include "types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

volatile u64 out;

#define PROGRAM(name) SEC("core") int name(void *context)
#define CORE __attribute__((preserve_access_index))

/* Fields that move, are typedefs and qualified there, or are gone. */
struct plain {
	u32 first;
	u32 second;
	u32 gone;
} CORE;

PROGRAM(field_offset_load)
{
	struct plain *plain = context;

	out = plain->first;
	out = plain->second;
	return 0;
}

PROGRAM(field_offset_store)
{
	struct plain *plain = context;

	plain->second = (u32)out;
	return 0;
}

PROGRAM(field_offset_address)
{
	struct plain *plain = context;

	out = (u64)&plain->second;
	out = (u64)&plain[2].second;
	return 0;
}

PROGRAM(field_missing_load)
{
	struct plain *plain = context;

	out = plain->gone;
	return 0;
}

PROGRAM(field_missing_size)
{
	struct plain *plain = context;

	out = bpf_core_field_size(plain->gone);
	return 0;
}

PROGRAM(field_exists)
{
	struct plain *plain = context;

	out = bpf_core_field_exists(plain->second);
	out = bpf_core_field_exists(plain->gone);
	return 0;
}

PROGRAM(field_size_and_sign)
{
	struct plain *plain = context;

	out = bpf_core_field_size(plain->second);
	out = __builtin_preserve_field_info(plain->second, BPF_FIELD_SIGNED);
	out = __builtin_preserve_field_info(plain->second, BPF_FIELD_LSHIFT_U64);
	out = __builtin_preserve_field_info(plain->second, BPF_FIELD_RSHIFT_U64);
	return 0;
}

/* A flavour is not part of the name; what looks like one, but is not, is. */
struct plain___of_another_time {
	u32 second;
} CORE;

struct _____x {
	u32 field;
} CORE;

struct odd____name {
	u32 field;
} CORE;

struct two___suffixes___b {
	u32 field;
} CORE;

PROGRAM(flavours)
{
	struct plain___of_another_time *plain = context;
	struct _____x *leading = context;
	struct odd____name *odd = context;
	struct two___suffixes___b *two = context;

	out = plain->second;
	out = leading->field;
	out = odd->field;
	out = two->field;
	return 0;
}

/* Anonymous structs and unions come and go. */
struct nested {
	u32 head;
	struct {
		u32 inner;
		union {
			u32 deep;
			u64 deep_too;
		};
	} named;
	u32 flat;
} CORE;

PROGRAM(anonymous_members)
{
	struct nested *nested = context;

	out = nested->flat;
	out = nested->named.inner;
	out = nested->named.deep;
	out = nested->named.deep_too;
	return 0;
}

/* A struct for a union, in the middle of a path and at its end. */
struct mixed {
	struct {
		u32 left;
		u32 right;
	} pair;
} CORE;

PROGRAM(struct_for_union)
{
	struct mixed *mixed = context;

	out = mixed->pair.right;
	out = bpf_core_field_size(mixed->pair);
	return 0;
}

struct element {
	u32 value;
} CORE;

struct arrays {
	u32 matrix[4][3];
	struct element elements[8];
	u32 shrunk[8];
	u32 scalar[1];
} CORE;

PROGRAM(array_elements)
{
	struct arrays *arrays = context;

	out = arrays->matrix[2][1];
	out = arrays->elements[5].value;
	out = (u64)&arrays->elements[3];
	out = bpf_core_field_size(arrays->matrix[1]);
	return 0;
}

PROGRAM(array_out_of_bounds)
{
	struct arrays *arrays = context;

	out = bpf_core_field_exists(arrays->shrunk[1]);
	out = bpf_core_field_exists(arrays->shrunk[7]);
	out = bpf_core_field_exists(arrays->scalar[0]);
	return 0;
}

struct flexible {
	u32 count;
	u32 values[];
} CORE;

struct not_flexible {
	u32 values[0];
	u32 count;
} CORE;

PROGRAM(flexible_arrays)
{
	struct flexible *flexible = context;

	out = (u64)&flexible->values[7];
	out = flexible->values[9];
	return 0;
}

/* Integers that change width: loads of unsigned ones and pointers follow, the others cannot. */
struct widths {
	u32 grows;
	u64 shrinks;
	s32 signed_grows;
	u16 becomes_signed;
	void *pointer;
	char letter;
	_Bool flag;
	u32 becomes_struct;
	u32 becomes_enum;
	float real;
} CORE;

PROGRAM(width_unsigned_load)
{
	struct widths *widths = context;

	out = widths->grows;
	out = widths->shrinks;
	return 0;
}

PROGRAM(width_unsigned_store)
{
	struct widths *widths = context;

	widths->grows = (u32)out;
	widths->shrinks = out;
	return 0;
}

PROGRAM(width_signed_load)
{
	struct widths *widths = context;

	out = widths->signed_grows;
	return 0;
}

PROGRAM(width_and_sign_load)
{
	struct widths *widths = context;

	out = widths->becomes_signed;
	return 0;
}

PROGRAM(width_signed_address)
{
	struct widths *widths = context;

	out = (u64)&widths->signed_grows;
	out = bpf_core_field_size(widths->signed_grows);
	out = __builtin_preserve_field_info(widths->becomes_signed, BPF_FIELD_SIGNED);
	return 0;
}

PROGRAM(width_pointer_and_letters)
{
	struct widths *widths = context;

	out = (u64)widths->pointer;
	out = widths->letter;
	out = widths->flag;
	return 0;
}

PROGRAM(incompatible_fields)
{
	struct widths *widths = context;

	out = bpf_core_field_exists(widths->becomes_struct);
	out = bpf_core_field_exists(widths->becomes_enum);
	out = bpf_core_field_exists(widths->real);
	out = widths->becomes_struct;
	return 0;
}

/* Bitfields: other places, other widths, and none at all. */
struct bits {
	u32 low : 3;
	s32 middle : 7;
	u32 crosses : 12;
	u64 wide : 40;
	u32 was_whole;
	u32 was_bits : 5;
} CORE;

#define BITFIELD(name, field)                                                                                                \
	PROGRAM(name)                                                                                                        \
	{                                                                                                                    \
		struct bits *bits = context;                                                                                 \
                                                                                                                             \
		out = __builtin_preserve_field_info(bits->field, BPF_FIELD_BYTE_OFFSET);                                     \
		out = __builtin_preserve_field_info(bits->field, BPF_FIELD_BYTE_SIZE);                                       \
		out = __builtin_preserve_field_info(bits->field, BPF_FIELD_SIGNED);                                          \
		out = __builtin_preserve_field_info(bits->field, BPF_FIELD_LSHIFT_U64);                                      \
		out = __builtin_preserve_field_info(bits->field, BPF_FIELD_RSHIFT_U64);                                      \
		out = __builtin_preserve_field_info(bits->field, BPF_FIELD_EXISTS);                                          \
		return 0;                                                                                                    \
	}

BITFIELD(bitfield_low, low)
BITFIELD(bitfield_middle, middle)
BITFIELD(bitfield_crosses, crosses)
BITFIELD(bitfield_wide, wide)
BITFIELD(bitfield_from_whole, was_whole)
BITFIELD(bitfield_to_whole, was_bits)

PROGRAM(bitfield_read)
{
	struct bits *bits = context;

	out = BPF_CORE_READ_BITFIELD_PROBED(bits, middle);
	out = BPF_CORE_READ_BITFIELD(bits, crosses);
	return 0;
}

/* Enumerators: other values, none, other widths of the enum. */
enum colour {
	COLOUR_RED = 1,
	COLOUR_GREEN = 2,
	COLOUR_GONE = 3,
	COLOUR_BLUE___of_another_time = 4,
};

enum becomes_wide {
	WIDE_A = 7,
	WIDE_NEGATIVE = -1,
};

enum big {
	BIG_VALUE = 0x123456789abcdefULL,
	BIG_SMALL = 5,
};

PROGRAM(enumerator_value)
{
	out = bpf_core_enum_value(enum colour, COLOUR_GREEN);
	out = bpf_core_enum_value(enum colour, COLOUR_BLUE___of_another_time);
	return 0;
}

PROGRAM(enumerator_missing)
{
	out = bpf_core_enum_value(enum colour, COLOUR_GONE);
	return 0;
}

PROGRAM(enumerator_exists)
{
	out = bpf_core_enum_value_exists(enum colour, COLOUR_RED);
	out = bpf_core_enum_value_exists(enum colour, COLOUR_GONE);
	out = bpf_core_enum_value_exists(enum colour, COLOUR_BLUE___of_another_time);
	return 0;
}

PROGRAM(enumerator_wide)
{
	out = bpf_core_enum_value(enum becomes_wide, WIDE_A);
	out = bpf_core_enum_value(enum becomes_wide, WIDE_NEGATIVE);
	out = bpf_core_enum_value(enum big, BIG_VALUE);
	out = bpf_core_enum_value(enum big, BIG_SMALL);
	return 0;
}

/* Whole types. */
struct absent {
	u32 field;
};

union union_here_struct_there {
	u32 a;
	u32 b;
};

typedef struct {
	u32 field;
} typedef_of_anonymous;

typedef int (*callback)(u32 number, void *pointer);
typedef int (*callback_with_other_parameters)(u32 number);

PROGRAM(type_ids)
{
	out = bpf_core_type_id_local(struct plain);
	out = bpf_core_type_id_kernel(struct plain);
	out = bpf_core_type_id_local(struct absent);
	return 0;
}

PROGRAM(type_id_of_absent)
{
	out = bpf_core_type_id_kernel(struct absent);
	return 0;
}

PROGRAM(type_exists)
{
	out = bpf_core_type_exists(struct plain);
	out = bpf_core_type_exists(struct absent);
	out = bpf_core_type_exists(union union_here_struct_there);
	out = bpf_core_type_exists(typedef_of_anonymous);
	out = bpf_core_type_exists(enum colour);
	out = bpf_core_type_exists(enum becomes_wide);
	out = bpf_core_type_exists(callback);
	out = bpf_core_type_exists(callback_with_other_parameters);
	return 0;
}

PROGRAM(type_size)
{
	out = bpf_core_type_size(struct plain);
	out = bpf_core_type_size(struct arrays);
	out = bpf_core_type_size(struct absent);
	out = bpf_core_type_size(enum becomes_wide);
	return 0;
}

/* Arrays by their elements, functions by their parameters; all loosely. */
typedef u32 array_of_numbers[4];
typedef u32 array_here_number_there[4];
typedef int function_type(u32 number, void *pointer);
typedef int function_of_fewer(u32 number);
typedef int function_of_others(u32 number);
typedef u32 *pointer_here_number_there;

PROGRAM(type_exists_behind_typedefs)
{
	out = bpf_core_type_exists(array_of_numbers);
	out = bpf_core_type_exists(array_here_number_there);
	out = bpf_core_type_exists(function_type);
	out = bpf_core_type_exists(function_of_fewer);
	out = bpf_core_type_exists(function_of_others);
	out = bpf_core_type_exists(pointer_here_number_there);
	out = bpf_core_type_size(array_of_numbers);
	return 0;
}

struct opaque;

struct fields {
	enum colour same_name;
	enum colour other_name;
	enum colour nameless_there;
	enum becomes_wide wider;
	enum colour list[4];
	u32 array_here_number_there[2];
	u32 (*pointer_to_array)[3];
	struct opaque *opaque;
	u32 numbers_of_other_sign[3][2];
} CORE;

PROGRAM(field_types)
{
	struct fields *fields = context;

	out = bpf_core_field_exists(fields->same_name);
	out = bpf_core_field_exists(fields->other_name);
	out = bpf_core_field_exists(fields->nameless_there);
	out = bpf_core_field_exists(fields->wider);
	out = bpf_core_field_exists(fields->list);
	out = bpf_core_field_exists(fields->list[2]);
	out = bpf_core_field_exists(fields->array_here_number_there);
	out = bpf_core_field_exists(fields->pointer_to_array);
	out = bpf_core_field_exists(fields->opaque);
	out = bpf_core_field_exists(fields->numbers_of_other_sign);
	out = bpf_core_field_exists(fields->numbers_of_other_sign[2][1]);
	return 0;
}

/* TYPE_MATCHES looks at members, too. */

struct pointed_to {
	u32 field;
};

struct match_same {
	u32 number;
	struct pointed_to *pointer;
	u32 array[4];
};

struct match_subset {
	u32 number;
};

struct match_missing_member {
	u32 number;
	u32 no_such_member;
};

struct match_other_width {
	u32 number;
};

struct match_other_sign {
	u32 number;
};

struct match_other_length {
	u32 array[4];
};

struct match_pointer_to_forward {
	struct pointed_to *pointer;
};

struct match_pointer_to_union {
	struct pointed_to *pointer;
};

struct match_embedded {
	struct match_subset embedded;
	int (*function)(u32 number, struct pointed_to *pointer);
};

union match_union {
	u32 a;
	u64 b;
};

struct match_forward {
	struct opaque *defined_there;
	union opaque_union *union_there;
};

struct match_forward_of_other_kind {
	struct opaque *union_there;
};

struct match_nothing {
	void *nothing;
};

struct match_nothing_something {
	void *nothing;
};

struct match_function {
	int (*function)(u32 number);
};

struct match_function_type {
	int (*function)(u32 number);
};

struct match_kinds {
	u32 number;
};

struct match_array_number {
	u32 member[2];
};

struct match_pointer_number {
	u32 *member;
};

enum match_enum_wide {
	MATCH_WIDE = 1,
};

enum match_enum {
	MATCH_A = 1,
	MATCH_B = 2,
};

enum match_enum_missing {
	MATCH_MISSING_A = 1,
	MATCH_MISSING_B = 2,
};

PROGRAM(type_matches)
{
	out = bpf_core_type_matches(struct match_same);
	out = bpf_core_type_matches(struct match_subset);
	out = bpf_core_type_matches(struct match_missing_member);
	out = bpf_core_type_matches(struct match_other_width);
	out = bpf_core_type_matches(struct match_other_sign);
	out = bpf_core_type_matches(struct match_other_length);
	out = bpf_core_type_matches(struct match_pointer_to_forward);
	out = bpf_core_type_matches(struct match_pointer_to_union);
	out = bpf_core_type_matches(struct match_embedded);
	out = bpf_core_type_matches(struct match_forward);
	out = bpf_core_type_matches(struct match_forward_of_other_kind);
	out = bpf_core_type_matches(struct match_nothing);
	out = bpf_core_type_matches(struct match_nothing_something);
	out = bpf_core_type_matches(struct match_function);
	out = bpf_core_type_matches(struct match_function_type);
	out = bpf_core_type_matches(struct match_kinds);
	out = bpf_core_type_matches(struct match_array_number);
	out = bpf_core_type_matches(struct match_pointer_number);
	out = bpf_core_type_matches(enum match_enum_wide);
	out = bpf_core_type_matches(function_type);
	out = bpf_core_type_matches(union match_union);
	out = bpf_core_type_matches(enum match_enum);
	out = bpf_core_type_matches(enum match_enum_missing);
	out = bpf_core_type_matches(struct absent);
	return 0;
}

/* Several types of one name in the kernel: they have to agree. */
struct several {
	u32 agrees;
	u32 differs;
	u32 only_in_one;
} CORE;

struct several_narrowed {
	u32 agrees;
	u32 differs;
	u32 only_in_one;
} CORE;

PROGRAM(candidates_agree)
{
	struct several *several = context;

	out = several->agrees;
	return 0;
}

PROGRAM(candidates_differ)
{
	struct several *several = context;

	out = several->differs;
	return 0;
}

/* Whoever does not have the first field is no longer asked for the second. */
PROGRAM(candidates_narrowed)
{
	struct several_narrowed *several = context;

	out = several->only_in_one;
	out = several->differs;
	return 0;
}

/* A field too far away for the 16 bits that a load has. */
struct far {
	u32 near_here;
} CORE;

PROGRAM(field_out_of_reach)
{
	struct far *far = context;

	out = far->near_here;
	return 0;
}

PROGRAM(field_out_of_reach_address)
{
	struct far *far = context;

	out = (u64)&far->near_here;
	return 0;
}

/* A relocation in a subprogram, which moves when it is linked; and in two programs that share it. */
static __attribute__((noinline)) u32 read_second(struct plain *plain)
{
	return plain->second + (u32)out;
}

PROGRAM(subprogram_first)
{
	return read_second(context);
}

PROGRAM(subprogram_second)
{
	struct plain *plain = context;

	out = plain->first;
	return read_second(context) + read_second(context + 1);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the bytes of a message are that a function of the kernel is given: the struct iov_iter of a struct msghdr, in all
 * its layouts.
 *
 *   until 5.13   `type` has one bit for each kind, and one for the direction
 *   5.14         `iter_type` is the kind itself (commit 8cd54c1c8480)
 *   6.0          ITER_UBUF: one range, without a vector (commit fcb14cb1bdac)
 *   6.4          `iov` is `__iov` (commit de4f5fed3f23), and the numbers of the kinds are others
 */
#pragma once

#include "payload.h"

/* These two are asked of the running kernel. */
enum iter_type {
	ITER_IOVEC = 100,
	ITER_UBUF = 101,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct iov_iter {
	u8 iter_type;
	unsigned long iov_offset; /* in the first segment: what was moved before */
	unsigned long nr_segs;
	void *ubuf;
};

struct iov_iter___before_5_14 {
	unsigned int type;
};

struct iov_iter___before_6_4 {
	void *iov;
};

struct iov_iter___since_6_4 {
	void *__iov;
};

struct msghdr {
	struct iov_iter msg_iter;
	unsigned int msg_flags;
};

#pragma clang attribute pop

static __always_inline bool iterator_is_of(struct iov_iter *iterator, u64 kind)
{
	if (bpf_core_field_exists(iterator->iter_type))
		return BPF_CORE_READ(iterator, iter_type) == kind;
	return BPF_CORE_READ((struct iov_iter___before_5_14 *)iterator, type) & kind;
}

static __always_inline u64 vector_of_iterator(struct iov_iter *iterator)
{
	struct iov_iter___since_6_4 *newer = (void *)iterator;

	if (bpf_core_field_exists(newer->__iov))
		return (u64)BPF_CORE_READ(newer, __iov);
	return (u64)BPF_CORE_READ((struct iov_iter___before_6_4 *)iterator, iov);
}

/*
 * To be asked before the function has moved anything, as it moves the iterator along. The vector itself stays as it is, and
 * the caller has it until the function returns. BUFFER_NONE: pages or memory of the kernel.
 */
static __always_inline void read_message_buffer(struct msghdr *message, struct buffer *buffer)
{
	struct iov_iter *iterator = &message->msg_iter;

	buffer->kind = BUFFER_NONE;
	buffer->address = 0;
	buffer->count = 0;
	buffer->offset = 0;
	if (iterator_is_of(iterator, bpf_core_enum_value(enum iter_type, ITER_IOVEC))) {
		u64 count = BPF_CORE_READ(iterator, nr_segs);

		buffer->kind = BUFFER_KERNEL_VECTOR;
		buffer->address = vector_of_iterator(iterator);
		buffer->count = count_of_vector(count);
		buffer->offset = BPF_CORE_READ(iterator, iov_offset);
	} else if (bpf_core_enum_value_exists(enum iter_type, ITER_UBUF) &&
		   iterator_is_of(iterator, bpf_core_enum_value(enum iter_type, ITER_UBUF))) {
		buffer->kind = BUFFER_FLAT;
		buffer->address = (u64)BPF_CORE_READ(iterator, ubuf) + BPF_CORE_READ(iterator, iov_offset);
	}
}

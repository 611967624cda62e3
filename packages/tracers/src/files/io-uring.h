/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests of io_uring: what they do, to which file, for whom. */
#pragma once

#include "../kernel/io-uring.h"
#include "../kernel/targets.h"
#include "file-accounting.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* What a request to open keeps in place of `file`. */
struct io_open {
	u32 file_slot;
};

#pragma clang attribute pop

/*
 * Address of a request of io_uring -> when it was submitted. LRU, as some end without a trace: 4,096 requests in flight.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, u64);
} requests SEC(".maps");

/* OPERATION_*; 0 for what is none. Splice and tee are left out: one of their files is known by a number alone. */
static __always_inline u32 request_operation(struct io_kiocb *request)
{
	switch (BPF_CORE_READ(request, opcode)) {
	case IORING_OP_READV:
	case IORING_OP_READ_FIXED:
	case IORING_OP_READ:
	case IORING_OP_READV_FIXED:
		return OPERATION_READ;
	case IORING_OP_WRITEV:
	case IORING_OP_WRITE_FIXED:
	case IORING_OP_WRITE:
	case IORING_OP_WRITEV_FIXED:
		return OPERATION_WRITE;
	case IORING_OP_FSYNC:
	case IORING_OP_SYNC_FILE_RANGE:
		return OPERATION_SYNC;
	case IORING_OP_OPENAT:
	case IORING_OP_OPENAT2:
		return OPERATION_OPEN;
	default:
		return 0;
	}
}

/* The file that it has been at; of one that has opened a file, that. NULL where it has none, or one without descriptor. */
static __always_inline struct file *request_file(struct io_kiocb *request, struct task_struct *task, u32 operation,
						 s32 result)
{
	if (operation != OPERATION_OPEN)
		return BPF_CORE_READ(request, file);
	if (result < 0 || BPF_CORE_READ((struct io_open *)request, file_slot))
		return NULL;
	return file_of_descriptor(task, result);
}

static __always_inline void request_submitted(struct io_kiocb *request)
{
	struct task_struct *task = request_task(request);
	u64 now = bpf_ktime_get_ns(), address = (u64)request;

	if (request_operation(request) && target_is_wanted(task, BPF_CORE_READ(task, tgid)))
		bpf_map_update_elem(&requests, &address, &now, BPF_ANY);
}

static __always_inline void request_completed(struct io_kiocb *request, s32 result)
{
	u64 now = bpf_ktime_get_ns(), address = (u64)request, duration_ns;
	u32 operation = request_operation(request);
	struct used_file used = {};
	struct task_struct *task;
	struct file *file;
	bool told = true; /* it has called io_uring_setup(), opened files: it is no program of a moment */
	u64 *start_ns;

	if (!operation)
		return;
	task = request_task(request);
	used.key.pid = BPF_CORE_READ(task, tgid);
	if (!target_is_wanted(task, used.key.pid))
		return;
	start_ns = bpf_map_lookup_elem(&requests, &address);
	if (!start_ns) {
		COUNT(started_before);
		return;
	}
	duration_ns = now - *start_ns;
	bpf_map_delete_elem(&requests, &address);
	used.key.image = image_of(task);
	file = request_file(request, task, operation, result);
	identify_file(file, &used);
	/* What it asked for is gone by now: its path is not known. */
	if (operation == OPERATION_OPEN && used.key.kind == FILE_ABSENT)
		used.key.kind = FILE_NAMED;
	account(&used, task, operation, result, duration_ns, SCRATCH_OF_REQUEST, 0, &told);
	if (slow_ns && duration_ns >= slow_ns && used.key.kind != FILE_IGNORED)
		send_slow(&used, operation, SLOW_IO_URING, result, -1, now, duration_ns);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Requests of io_uring, as its tracepoints hand them out: from 5.19 on. Their layout is not for other parts of the kernel
 * to know, and has changed often; CO-RE finds the few fields that are read here.
 */
#pragma once

#include "task.h"

/* enum io_uring_op of include/uapi/linux/io_uring.h */
#define IORING_OP_READV 1
#define IORING_OP_WRITEV 2
#define IORING_OP_FSYNC 3
#define IORING_OP_READ_FIXED 4
#define IORING_OP_WRITE_FIXED 5
#define IORING_OP_SYNC_FILE_RANGE 8
#define IORING_OP_SENDMSG 9
#define IORING_OP_RECVMSG 10
#define IORING_OP_OPENAT 18
#define IORING_OP_READ 22
#define IORING_OP_WRITE 23
#define IORING_OP_SEND 26
#define IORING_OP_RECV 27
#define IORING_OP_OPENAT2 28
#define IORING_OP_SPLICE 30
#define IORING_OP_SEND_ZC 47
#define IORING_OP_SENDMSG_ZC 48
#define IORING_OP_READ_MULTISHOT 49
#define IORING_OP_RECV_ZC 58
#define IORING_OP_READV_FIXED 60
#define IORING_OP_WRITEV_FIXED 61

/* include/linux/io_uring_types.h */
#define REQ_F_FIXED_FILE (1 << 0)
#define REQ_F_CQE_SKIP (1 << 6)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_uring_task {
	struct task_struct *task;
};

/* What a request keeps of its completion. */
struct io_cqe {
	int fd; /* before it is known: of its file */
};

struct io_kiocb {
	struct file *file; /* NULL until it is looked up, when the request is carried out */
	u8 opcode;
	u32 flags; /* REQ_F_* */
	struct io_cqe cqe;
	struct io_uring_task *tctx;
};

struct io_kiocb___before_6_13 {
	struct task_struct *task;
};

struct io_uring_cqe {
	s32 res;
};

#pragma clang attribute pop

/* The thread that handed it in, which need not be the one that works on it. */
static __always_inline struct task_struct *request_task(struct io_kiocb *request)
{
	if (bpf_core_field_exists(request->tctx))
		return BPF_CORE_READ(request, tctx, task);
	return BPF_CORE_READ((struct io_kiocb___before_6_13 *)request, task);
}

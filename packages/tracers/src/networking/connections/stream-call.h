/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The system calls that make connections: which they are, and what they were given.
 */
#pragma once

#include "../../kernel/syscall.h"

#define CALL_NONE 0
#define CALL_CONNECT 1
#define CALL_ACCEPT 2
#define CALL_LISTEN 3

/* include/uapi/linux/net.h: which call socketcall() stands for. Of 32-bit programs on x86, old ones. */
#define SYS_CONNECT 3
#define SYS_LISTEN 4
#define SYS_ACCEPT 5
#define SYS_ACCEPT4 18

struct stream_call {
	u32 kind;
	u32 descriptor; /* that was given */
	u64 address;	/* of connect: the user's struct sockaddr */
	u64 address_bytes;
};

/*
 * Numbers of arch/x86/entry/syscalls, include/uapi/asm-generic/unistd.h and arch/arm64/tools/syscall_32.tbl. The way out
 * for all others comes first: this runs at the end of every system call of the machine.
 */
static __always_inline u32 stream_call_kind(long number, bool *compat, bool *by_socketcall)
{
	u32 kind = CALL_NONE, compat_kind = CALL_NONE;

	*by_socketcall = false;
	if (syscall_arch_is_x86()) {
		switch (number & ~(long)X32_SYSCALL_BIT) {
		case 42:
			kind = CALL_CONNECT;
			break;
		case 43:
		case 288:
			kind = CALL_ACCEPT;
			break;
		case 50:
			kind = CALL_LISTEN;
			break;
		case 362:
			compat_kind = CALL_CONNECT;
			break;
		case 363:
			compat_kind = CALL_LISTEN;
			break;
		case 364:
			compat_kind = CALL_ACCEPT;
			break;
		case 102:
			*by_socketcall = true;
			compat_kind = CALL_CONNECT;
			break;
		default:
			return CALL_NONE;
		}
	} else {
		switch (number) {
		case 203:
			kind = CALL_CONNECT;
			break;
		case 202:
		case 242:
			kind = CALL_ACCEPT;
			break;
		case 201:
			kind = CALL_LISTEN;
			break;
		case 283:
			compat_kind = CALL_CONNECT;
			break;
		case 284:
			compat_kind = CALL_LISTEN;
			break;
		case 285:
		case 366:
			compat_kind = CALL_ACCEPT;
			break;
		default:
			return CALL_NONE;
		}
	}
	*compat = syscall_is_compat();
	return *compat ? compat_kind : kind;
}

/* Says false for all other calls. `regs` is what tp_btf/sys_exit gets. */
static __always_inline bool read_stream_call(struct pt_regs *regs, struct stream_call *call)
{
	bool compat, by_socketcall;
	u32 arguments[3] = {};

	call->kind = stream_call_kind(syscall_number(regs), &compat, &by_socketcall);
	if (call->kind == CALL_NONE)
		return false;
	if (!by_socketcall) {
		call->descriptor = syscall_argument(regs, compat, 0);
		call->address = syscall_argument(regs, compat, 1);
		call->address_bytes = syscall_argument(regs, compat, 2);
		return true;
	}
	switch (syscall_argument(regs, compat, 0)) {
	case SYS_CONNECT:
		break;
	case SYS_LISTEN:
		call->kind = CALL_LISTEN;
		break;
	case SYS_ACCEPT:
	case SYS_ACCEPT4:
		call->kind = CALL_ACCEPT;
		break;
	default:
		return false;
	}
	if (bpf_probe_read_user(arguments, sizeof(arguments), (void *)syscall_argument(regs, compat, 1)))
		return false;
	call->descriptor = arguments[0];
	call->address = arguments[1];
	call->address_bytes = arguments[2];
	return true;
}

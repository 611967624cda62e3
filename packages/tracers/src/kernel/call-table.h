/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which system calls a kernel half looks at, and what it has to know of each: where its arguments are. `call-tables.ts`
 * fills this in.
 *
 * Comes after `struct call`, which each kernel half has its own of; its `kind` is 0 for a call that is not looked at.
 */
#pragma once

#include "syscall.h"

/* A power of two above the numbers of all calls; the newest are at 470. */
#define CALL_LIMIT 512

/* Instead of an argument's number: there is none. */
#define ARGUMENT_NONE 0xff

/* By number, of the tables for 64-bit and for 32-bit programs. */
const volatile struct call calls[CALL_LIMIT] = {};
const volatile struct call compat_calls[CALL_LIMIT] = {};

/* Says what kind of call it is; 0 where it is not looked at, as cheaply as can be. */
static __always_inline u32 find_call(long number, struct call *call, bool *compat)
{
	if (number < 0 || number >= CALL_LIMIT)
		return 0;
	if (!calls[number].kind && !compat_calls[number].kind)
		return 0;
	*compat = syscall_is_compat();
	if (*compat)
		*call = compat_calls[number];
	else
		*call = calls[number];
	return call->kind;
}

/* The argument of this number, 0 to 4, which the table gives; 0 for ARGUMENT_NONE. */
static __always_inline u64 call_argument(struct pt_regs *regs, bool compat, u32 index)
{
	switch (index) {
	case 0:
		return syscall_argument(regs, compat, 0);
	case 1:
		return syscall_argument(regs, compat, 1);
	case 2:
		return syscall_argument(regs, compat, 2);
	case 3:
		return syscall_argument(regs, compat, 3);
	case 4:
		return syscall_argument(regs, compat, 4);
	default:
		return 0;
	}
}

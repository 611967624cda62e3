/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Number and arguments of a system call, from the registers that its thread entered the kernel with. One object serves
 * x86-64 and arm64: CO-RE says which of the two layouts of `struct pt_regs` the running kernel has, and the verifier
 * drops the code for the other one.
 *
 * `regs` is a pointer that the verifier knows, as tp_btf/sys_enter and tp_btf/sys_exit get it: these are plain loads.
 */
#pragma once

#include "task.h"

/* Ids of calls are numbers below SYSCALL_IDS: fit for the index of an array. */
#define SYSCALL_IDS 2048
/* In an id, beside the number: it is one of the table for 32-bit programs. */
#define SYSCALL_COMPAT 1024
/* In an id, instead of the number: it is -1, or one that somebody made up. The highest that exist are below 600. */
#define SYSCALL_UNKNOWN 1023

/* arch/x86/include/uapi/asm/unistd.h: a call of the x32 ABI. The rest of its number is one of the 64-bit table. */
#define X32_SYSCALL_BIT 0x40000000

/* arch/x86/include/asm/thread_info.h: in a 32-bit call (int 0x80, which 64-bit programs may use as well). */
#define TS_COMPAT 0x0002
/* arch/arm64/include/asm/thread_info.h: bit 22 says that the program is a 32-bit one. */
#define TIF_32BIT_MASK (1UL << 22)

/*
 * Size of a kernel stack on x86-64, and on arm64 with pages of 4 or 16 KiB (arch/{x86,arm64}/include/asm). It is not in
 * BTF; asked for before 5.15 alone.
 */
#define THREAD_SIZE (16 * 1024)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs___x86 {
	unsigned long bp, bx, r10, r9, r8, cx, dx, si, di, orig_ax;
};

struct pt_regs___arm64 {
	u64 regs[31];
	u64 orig_x0;
	s32 syscallno;
};

struct thread_info___x86 {
	u32 status;
};

struct thread_info___arm64 {
	unsigned long flags;
};

struct task_struct___x86 {
	struct thread_info___x86 thread_info;
};

struct task_struct___arm64 {
	struct thread_info___arm64 thread_info;
};

struct task_struct___stack {
	void *stack;
};

#pragma clang attribute pop

static __always_inline bool syscall_arch_is_x86(void)
{
	return bpf_core_field_exists(struct pt_regs___x86, orig_ax);
}

/* enum bpf_func_id: helpers that not every kernel has. */
enum bpf_func_id___newer {
	BPF_FUNC_get_current_task_btf___newer = 158, /* 5.11 */
	BPF_FUNC_task_pt_regs___newer = 175,	     /* 5.15 */
};

/* bpf_get_current_task_btf() gives a pointer to be read with plain loads. */
static __always_inline bool has_current_task_btf(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id___newer, BPF_FUNC_get_current_task_btf___newer);
}

/*
 * Whether the call that the current thread is in is one for 32-bit programs. On x86 that is said of the call, not of
 * the program, and is known from its entry to just after sys_exit. `task` is what bpf_get_current_task_btf() gave.
 */
static __always_inline bool task_syscall_is_compat(struct task_struct *task)
{
	if (syscall_arch_is_x86())
		return ((struct task_struct___x86 *)task)->thread_info.status & TS_COMPAT;
	return ((struct task_struct___arm64 *)task)->thread_info.flags & TIF_32BIT_MASK;
}

static __always_inline bool syscall_is_compat(void)
{
	void *task;

	if (has_current_task_btf())
		return task_syscall_is_compat(bpf_get_current_task_btf());
	task = (void *)bpf_get_current_task();
	if (syscall_arch_is_x86())
		return BPF_CORE_READ((struct task_struct___x86 *)task, thread_info.status) & TS_COMPAT;
	return BPF_CORE_READ((struct task_struct___arm64 *)task, thread_info.flags) & TIF_32BIT_MASK;
}

/*
 * The number as the kernel sees it now. At sys_exit it is -1 after a return from a signal handler, which restores what
 * the handler interrupted, and x86 has made execveat() that succeeded into execve().
 */
static __always_inline long syscall_number(struct pt_regs *regs)
{
	if (syscall_arch_is_x86())
		return ((struct pt_regs___x86 *)regs)->orig_ax;
	return ((struct pt_regs___arm64 *)regs)->syscallno;
}

/*
 * The number of the call that a thread is in, where there is no `regs`: from what it left on its kernel stack when it
 * entered. -1 where it entered for another reason than a call.
 */
static __always_inline long task_syscall_number(struct task_struct *task)
{
	void *top, *regs;

	if (bpf_core_enum_value_exists(enum bpf_func_id___newer, BPF_FUNC_task_pt_regs___newer))
		return syscall_number((void *)bpf_task_pt_regs(task));
	/* What the helper does; x86 kernels without it leave no room above the registers. */
	top = BPF_CORE_READ((struct task_struct___stack *)task, stack) + THREAD_SIZE;
	if (syscall_arch_is_x86()) {
		regs = top - bpf_core_type_size(struct pt_regs___x86);
		return BPF_CORE_READ((struct pt_regs___x86 *)regs, orig_ax);
	}
	regs = top - bpf_core_type_size(struct pt_regs___arm64);
	return BPF_CORE_READ((struct pt_regs___arm64 *)regs, syscallno);
}

/* Names the call: its number, and whether it is one of the 32-bit table. */
static __always_inline u32 syscall_id(long number, bool compat)
{
	if (number > 0 && syscall_arch_is_x86())
		number &= ~X32_SYSCALL_BIT;
	if (number < 0 || number > SYSCALL_UNKNOWN)
		number = SYSCALL_UNKNOWN;
	return compat ? number | SYSCALL_COMPAT : number;
}

/*
 * The call's argument 0 to 5; `index` is a constant. At sys_exit they are still there, but after an execve that
 * succeeded.
 */
static __always_inline u64 syscall_argument(struct pt_regs *regs, bool compat, int index)
{
	struct pt_regs___x86 *x86 = (void *)regs;
	struct pt_regs___arm64 *arm64 = (void *)regs;

	if (!syscall_arch_is_x86()) {
		u64 argument = index == 0 ? arm64->orig_x0 : arm64->regs[index];

		return compat ? (u32)argument : argument;
	}
	if (compat) {
		switch (index) {
		case 0:
			return (u32)x86->bx;
		case 1:
			return (u32)x86->cx;
		case 2:
			return (u32)x86->dx;
		case 3:
			return (u32)x86->si;
		case 4:
			return (u32)x86->di;
		default:
			return (u32)x86->bp;
		}
	}
	switch (index) {
	case 0:
		return x86->di;
	case 1:
		return x86->si;
	case 2:
		return x86->dx;
	case 3:
		return x86->r10;
	case 4:
		return x86->r8;
	default:
		return x86->r9;
	}
}

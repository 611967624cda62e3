/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs at the start or the end of every system call of the machine, in two forms of which one is loaded:
 *
 *   tp_btf/sys_enter                    the cheaper one. Since 7.0 the kernel may switch to another task in the middle of
 *                                       it, and leaves it out for every call on that CPU until it has come to its end
 *                                       (__bpf_trace_run() looks at the program's `active`, kernel/trace/bpf_trace.c)
 *   tracepoint/raw_syscalls/sys_enter   runs with preemption off in all kernels (include/trace/perf.h), and is left out
 *                                       only while a task on that CPU is preempted in the middle of bpf(2)
 *                                       (bpf_disable_instrumentation()): rarely, unless the tracer's own user half makes
 *                                       many such calls. Some 80 ns dearer. Needs 5.15 for bpf_task_pt_regs()
 *
 * syscall-forms.ts chooses: the first one before 7.0 and the second one from then on; or both, where the second one finds
 * done what the first one has done, so that what is left out has to be left out by both.
 *
 * Both have the same body, which is written behind the macro like a function's, and may ask which form it is in by the
 * constant `is_unpreempted`:
 *
 *   SYSCALL_START_PROGRAM(on_enter, struct pt_regs *regs, long number)
 *   {
 *           return 0;
 *   }
 */
#pragma once

#include "syscall.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* What /sys/kernel/tracing/events/raw_syscalls/{sys_enter,sys_exit}/format says. */
struct trace_event_raw_sys_enter {
	long id;
};

struct trace_event_raw_sys_exit {
	long ret;
};

#pragma clang attribute pop

#define SYSCALL_PROGRAM(name, point, field, regs, value)                                                               \
	static __always_inline int name##_body(regs, value, bool is_unpreempted);                                      \
                                                                                                                       \
	SEC("?tp_btf/" #point)                                                                                         \
	int BPF_PROG(name, struct pt_regs *registers, long field)                                                      \
	{                                                                                                              \
		return name##_body(registers, field, false);                                                           \
	}                                                                                                              \
                                                                                                                       \
	SEC("?tracepoint/raw_syscalls/" #point)                                                                        \
	int name##_unpreempted(struct trace_event_raw_##point *context)                                                \
	{                                                                                                              \
		return name##_body((void *)bpf_task_pt_regs(bpf_get_current_task_btf()), context->field, true);        \
	}                                                                                                              \
                                                                                                                       \
	static __always_inline int name##_body(regs, value, bool is_unpreempted)

#define SYSCALL_START_PROGRAM(name, regs, number) SYSCALL_PROGRAM(name, sys_enter, id, regs, number)
#define SYSCALL_END_PROGRAM(name, regs, result) SYSCALL_PROGRAM(name, sys_exit, ret, regs, result)

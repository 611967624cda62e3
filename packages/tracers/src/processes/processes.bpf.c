// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Kernel half of the process tracer: sends a record of each start, exec, failed exec and end of a process.
 *
 *   sched_process_fork -> on_fork      --+
 *   sched_process_exec -> on_exec      --+
 *   sys_exit -----------> on_sys_exit  --+-> events
 *   sched_process_exit -> on_exit -----+ |
 *                           endings    | |
 *   sched_switch -------> on_switch <--+-+   the process is off the CPU for good: see ending.h
 */
#include "../kernel/syscall-program.h"
#include "ending.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Failed execs: the first so many arguments. */
#define ATTEMPT_ARGUMENTS 64
/* ... and of each one so much. */
#define ATTEMPT_ARGUMENT_BYTES 4096

/* include/linux/err.h */
#define MAX_ERRNO 4095
/* include/linux/errno.h: what begins here is for the kernel itself, which then starts the call anew. */
#define ERESTARTSYS 512
/* include/uapi/linux/fcntl.h */
#define AT_FDCWD -100

static __always_inline void forked(struct task_struct *parent, struct task_struct *child, u32 program)
{
	struct process_record record = {};

	if (parent->tgid == child->tgid || task_is_kernel_thread(child))
		return;
	if (!see(child, RECORD_START, BPF_CORE_READ((struct task_struct___process *)child, start_time)))
		return;
	if (!target_forked(parent, child))
		COUNT(targets_full);
	if (!target_is_wanted(child, child->tgid))
		return;
	describe_process(&record, RECORD_START, child, program);
	COUNT(starts);
	if (!send(&record, sizeof(record)))
		COUNT(starts_lost);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	forked(parent, child, FIRST);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork_second, struct task_struct *parent, struct task_struct *child)
{
	forked(parent, child, SECOND);
	return 0;
}

/* Goes on with the walk in this slot of scratch; see path_walk_on(). */
__attribute__((noinline)) int walk_on(u32 slot)
{
	struct exec_scratch *work = bpf_map_lookup_elem(&exec_scratch, &slot);

	return work && path_walk_on(&work->walk, work->record.data, EXEC_DATA_MASK);
}

/*
 * Writes the names of a path of the kernel's, up to root, to this offset in this slot of scratch; answers the offset behind
 * them, and leaves the flags with the walk. Not static, so that the verifier looks at it once.
 */
__attribute__((noinline)) u32 append_path(u32 slot, u32 offset, u64 path_address, u64 root)
{
	struct exec_scratch *work = bpf_map_lookup_elem(&exec_scratch, &slot);
	struct path *path = (void *)path_address;

	if (!work)
		return offset;
	path_walk_begin(&work->walk, offset, BPF_CORE_READ(path, dentry), BPF_CORE_READ(path, mnt), (void *)root);
	for (u32 piece = 0; piece < PATH_PIECES; piece++) {
		if (!walk_on(slot))
			return work->walk.end;
	}
	work->walk.flags |= PATH_TRUNCATED;
	return work->walk.end;
}

/* The three paths that come first. The path as it was given is there already. */
static __always_inline u32 append_paths(struct exec_scratch *work, u32 slot, struct path *executable, struct fs_struct *fs)
{
	struct exec_record *record = &work->record;
	u32 start = record->path_bytes;
	u32 middle = start;
	u32 end;

	if (executable) {
		middle = append_path(slot, start, (u64)executable, (u64)&fs->root);
		record->executable_flags = work->walk.flags;
	}
	end = append_path(slot, middle, (u64)&fs->pwd, (u64)&fs->root);
	record->directory_flags = work->walk.flags;
	record->executable_bytes = middle - start;
	record->directory_bytes = end - middle;
	return end;
}

/* Size is that of data which is used. Says false when the ring has no room. */
static __always_inline bool send_exec(struct exec_record *record, u32 size)
{
	u64 bytes = offsetof(struct exec_record, data) + size;

	if (bytes > sizeof(*record))
		bytes = sizeof(*record);
	return send(record, bytes);
}

/*
 * All that the new image holds between arg_start and arg_end: what the program will see, whatever its parent does to its
 * own memory meanwhile. These pages were written by the exec itself, so they are there.
 */
static __always_inline u32 append_arguments(struct exec_record *record, u32 offset, struct mm_struct *mm)
{
	u64 start = BPF_CORE_READ(mm, arg_start);
	u64 size = BPF_CORE_READ(mm, arg_end) - start;
	u32 bytes = size > ARGUMENTS_BYTES ? ARGUMENTS_BYTES : size;

	record->arguments_whole = size <= ARGUMENTS_BYTES;
	if (bpf_probe_read_user(record->data + (offset & EXEC_DATA_MASK), bytes, (void *)start)) {
		record->arguments_whole = 0;
		bytes = 0;
	}
	record->arguments_bytes = bytes;
	return offset + bytes;
}

static __always_inline void executed(struct task_struct *thread, struct linux_binprm *image, u32 program)
{
	struct task_struct___process *task = (void *)thread;
	struct mm_struct *mm = thread->mm;
	struct file___executable *executable = BPF_CORE_READ(mm, exe_file);
	struct exec_scratch *work;
	struct exec_record *record;
	u32 pid = thread->tgid;
	long length;
	u32 size;

	if (!see(thread, RECORD_EXEC, BPF_CORE_READ(task, start_time) + BPF_CORE_READ(task, self_exec_id)))
		return;
	target_executed(pid);
	if (!target_is_wanted(thread, pid))
		return;
	COUNT(execs);
	work = bpf_map_lookup_elem(&exec_scratch, &program);
	if (!work)
		return;
	record = &work->record;
	describe_process(&record->process, RECORD_EXEC, thread, program);
	record->error = 0;
	record->directory_fd = AT_FDCWD;
	record->argument_count = BPF_CORE_READ(image, argc);
	length = bpf_probe_read_kernel_str(record->data, PATH_BYTES, BPF_CORE_READ(image, filename));
	record->path_bytes = length < 0 ? 0 : length;
	size = append_paths(work, program, &executable->f_path, BPF_CORE_READ(task, fs));
	size = append_arguments(record, size, mm);
	if (!send_exec(record, size))
		COUNT(execs_lost);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *thread, int old_pid, struct linux_binprm *image)
{
	executed(thread, image, FIRST);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec_second, struct task_struct *thread, int old_pid, struct linux_binprm *image)
{
	executed(thread, image, SECOND);
	return 0;
}

/* Which system call it is, of those that run another program. */
#define CALL_NONE 0
#define CALL_EXECVE 1
#define CALL_EXECVEAT 2

/* Numbers of arch/x86/entry/syscalls, include/uapi/asm-generic/unistd.h and arch/arm64/tools/syscall_32.tbl. */
static __always_inline u32 exec_call(long number, bool *compat)
{
	if (syscall_arch_is_x86()) {
		switch (number) {
		case 59:
		case 520 | X32_SYSCALL_BIT:
			*compat = false;
			return CALL_EXECVE;
		case 322:
		case 545 | X32_SYSCALL_BIT:
			*compat = false;
			return CALL_EXECVEAT;
		case 11:
		case 358:
			*compat = true;
			if (!syscall_is_compat())
				return CALL_NONE;
			return number == 11 ? CALL_EXECVE : CALL_EXECVEAT;
		}
		return CALL_NONE;
	}
	switch (number) {
	case 221:
		*compat = false;
		return syscall_is_compat() ? CALL_NONE : CALL_EXECVE;
	case 281:
		*compat = false;
		return syscall_is_compat() ? CALL_NONE : CALL_EXECVEAT;
	case 11:
	case 387:
		*compat = true;
		if (!syscall_is_compat())
			return CALL_NONE;
		return number == 11 ? CALL_EXECVE : CALL_EXECVEAT;
	}
	return CALL_NONE;
}

/*
 * Appends the argument of a failed call whose pointer is at this address. The first one came to the offset `start`. Says
 * whether there may be more. Not static, so that the verifier looks at it once, not for each argument.
 */
__attribute__((noinline)) int append_attempted_argument(u64 pointer, u32 compat, u32 start)
{
	u32 slot = EXEC_SCRATCH_FAILURE;
	struct exec_scratch *work = bpf_map_lookup_elem(&exec_scratch, &slot);
	struct exec_record *record;
	u64 argument = 0;
	long length;
	u32 offset;

	if (!work || bpf_probe_read_user(&argument, compat ? 4 : 8, (void *)pointer))
		return false;
	record = &work->record;
	if (!argument) {
		record->arguments_whole = 1;
		return false;
	}
	if (record->arguments_bytes > ARGUMENTS_BYTES - ATTEMPT_ARGUMENT_BYTES)
		return false;
	offset = start + record->arguments_bytes;
	length = bpf_probe_read_user_str(record->data + (offset & EXEC_DATA_MASK), ATTEMPT_ARGUMENT_BYTES,
					 (void *)argument);
	if (length <= 0)
		return false;
	record->arguments_bytes += length;
	record->argument_count++;
	/* Perhaps it goes on. */
	return length < ATTEMPT_ARGUMENT_BYTES;
}

/*
 * The arguments that a failed call was given, out of the memory of its caller. The kernel need not have looked at them,
 * so some may not be in memory: the rest is missing then.
 */
static __always_inline u32 append_attempted_arguments(struct exec_record *record, u32 offset, u64 pointers, bool compat)
{
	record->argument_count = 0;
	record->arguments_whole = 0;
	record->arguments_bytes = 0;
	for (u32 i = 0; i < ATTEMPT_ARGUMENTS; i++) {
		if (!append_attempted_argument(pointers + i * (compat ? 4 : 8), compat, offset))
			break;
	}
	return offset + record->arguments_bytes;
}

/*
 * A failed call has changed nothing, so what it was given is still there: to look at the end of each call is enough. This
 * runs for every system call of the machine, so the most frequent way out comes first. Only loaded when it is wanted.
 */
SYSCALL_END_PROGRAM(on_sys_exit, struct pt_regs *regs, long result)
{
	struct task_struct___process *task;
	struct exec_scratch *work;
	struct exec_record *record;
	struct task_struct *thread;
	u32 slot = EXEC_SCRATCH_FAILURE;
	u64 path, pointers;
	bool compat;
	long length;
	u32 call, size;

	if (result >= 0 || result < -MAX_ERRNO)
		return 0;
	call = exec_call(syscall_number(regs), &compat);
	if (call == CALL_NONE || (result <= -ERESTARTSYS && result >= -ERESTARTSYS - 4))
		return 0;
	thread = (void *)bpf_get_current_task();
	task = (void *)thread;
	if (!target_is_wanted(thread, bpf_get_current_pid_tgid() >> 32))
		return 0;
	COUNT(exec_failures);
	work = bpf_map_lookup_elem(&exec_scratch, &slot);
	if (!work)
		return 0;
	record = &work->record;
	describe_process(&record->process, RECORD_EXEC_FAILURE, thread, FIRST);
	record->error = -result;
	if (call == CALL_EXECVE) {
		record->directory_fd = AT_FDCWD;
		path = syscall_argument(regs, compat, 0);
		pointers = syscall_argument(regs, compat, 1);
	} else {
		record->directory_fd = syscall_argument(regs, compat, 0);
		path = syscall_argument(regs, compat, 1);
		pointers = syscall_argument(regs, compat, 2);
	}
	length = bpf_probe_read_user_str(record->data, PATH_BYTES, (void *)path);
	record->path_bytes = length < 0 ? 0 : length;
	size = append_paths(work, slot, NULL, BPF_CORE_READ(task, fs));
	size = append_attempted_arguments(record, size, pointers, compat);
	if (!send_exec(record, size))
		COUNT(exec_failures_lost);
	return 0;
}

static __always_inline void exited(struct task_struct *thread, u32 program)
{
	u32 pid = thread->tgid;

	if (task_is_kernel_thread(thread))
		return;
	if (!see(thread, RECORD_EXIT, BPF_CORE_READ((struct task_struct___process *)thread, start_time)))
		return;
	if (target_is_wanted(thread, pid))
		begin_ending(thread, program);
	else if (task_is_last_thread(thread))
		target_exited(pid); /* one that waited for its exec in vain */
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *thread)
{
	exited(thread, FIRST);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit_second, struct task_struct *thread)
{
	exited(thread, SECOND);
	return 0;
}

/*
 * Runs for every switch of the machine: nothing but one look at who goes. Interrupts are off, so one program is enough.
 */
SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *previous)
{
	if (task_goes_for_good(previous))
		finish_ending(previous);
	return 0;
}

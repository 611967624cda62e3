// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Kernel half of the file tracer: sums up what each process does with each file.
 *
 *   sys_enter -> on_enter   notes in `threads` when the call began, and which files its descriptors stand for
 *   sys_exit --> on_exit    adds what the call returned to the rows of these files, see file-table.h
 *
 * The descriptors are looked up on entry, since another thread can close them, and open another file by the same number,
 * before the call returns. Requests of io_uring have their own hooks.
 */
#include "../kernel/syscall-program.h"
#include "../kernel/targets.h"
#include "file-accounting.h"
#include "io-uring.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Kinds of calls. Those that are an OPERATION_* have its number. */
#define CALL_IO_URING 6 /* io_uring_enter(), where the requests can't be seen one by one */
#define CALL_ASYNC 7	/* io_submit() */

/* As the number of the argument with the offset: the call goes by the file's own position. */
#define OFFSET_POSITION 0xfe

/* Of a path that was asked for, so many words are hashed at a time: most paths are shorter. */
#define HASH_PIECE_WORDS 32

/* A system call that is looked at: by which of its arguments. `file-calls.ts` says which they are. */
struct call {
	u8 kind;   /* OPERATION_*, CALL_*; 0: not looked at */
	u8 file;   /* descriptor; what a transfer reads, or the directory that a path to open is relative to */
	u8 other;  /* descriptor that a transfer writes to; path to open */
	u8 offset; /* where a read or write begins */
};

#include "../kernel/call-table.h"

/* A thread that has opened, read or written something, from the first time to its end. */
struct thread {
	bool busy; /* in such a call, with a file that is wanted */
	bool told; /* user space knows of its process */
	u64 start_ns;
	s64 offset; /* negative: not known */
	struct used_file files[2]; /* the second one is what a transfer writes to */
};

/* tid -> struct thread. Sized by user space from the number of threads. Kept between calls: making one costs more. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct thread);
} threads SEC(".maps");

static __always_inline struct thread *find_or_create_thread(struct task_struct *task, u32 pid, u32 tid)
{
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	struct thread fresh = {};

	if (thread)
		return thread;
	fresh.files[0].key.pid = pid;
	fresh.files[0].key.image = image_of(task);
	fresh.files[1].key.pid = pid;
	fresh.files[1].key.image = fresh.files[0].key.image;
	bpf_map_update_elem(&threads, &tid, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&threads, &tid);
}

static __always_inline s64 offset_of_call(struct pt_regs *regs, bool compat, const struct call *call, struct file *file)
{
	if (call->offset == OFFSET_POSITION)
		return BPF_CORE_READ(file, f_pos);
	/* A 32-bit call has it in two halves. */
	if (call->offset == ARGUMENT_NONE || compat)
		return -1;
	return call_argument(regs, compat, call->offset);
}

SYSCALL_START_PROGRAM(on_enter, struct pt_regs *regs, long number)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u64 pid_tgid = bpf_get_current_pid_tgid();
	struct thread *thread;
	struct file *file;
	struct call call;
	bool compat;
	u32 kind;

	kind = find_call(number, &call, &compat);
	if (!kind || kind >= CALL_IO_URING || !target_is_wanted(task, pid_tgid >> 32))
		return 0;
	thread = find_or_create_thread(task, pid_tgid >> 32, pid_tgid);
	if (!thread)
		return 0; /* on_exit counts it */
	thread->busy = true;
	thread->offset = -1;
	if (kind != OPERATION_OPEN) {
		file = file_of_descriptor(task, call_argument(regs, compat, call.file));
		identify_file(file, &thread->files[0]);
		if (slow_ns && thread->files[0].key.kind == FILE_REGULAR)
			thread->offset = offset_of_call(regs, compat, &call, file);
		thread->busy = thread->files[0].key.kind != FILE_IGNORED;
	}
	if (kind == OPERATION_TRANSFER) {
		identify_file(file_of_descriptor(task, call_argument(regs, compat, call.other)), &thread->files[1]);
		if (thread->files[1].key.kind != FILE_IGNORED)
			thread->busy = true;
	}
	thread->start_ns = bpf_ktime_get_ns();
	return 0;
}

/*
 * Goes on with hash_asked(): the words from this one on, up to `count` or as many as a piece has. Not static: the verifier
 * follows each round of a loop, and so looks at those of one piece alone.
 */
__attribute__((noinline)) u64 hash_words(u64 hash, u32 from, u32 count)
{
	u32 place = SCRATCH_OF_CALL;
	struct scratch *work = bpf_map_lookup_elem(&scratch, &place);
	const u64 *words;

	if (!work)
		return 0;
	words = (u64 *)work->record.text + (from & (PATH_BYTES / sizeof(u64) - HASH_PIECE_WORDS));
	for (u32 i = 0; i < HASH_PIECE_WORDS; i++) {
		if (from + i >= count)
			break;
		hash = mix(hash, words[i]);
	}
	return hash;
}

/* A number for the text in scratch, 1 to PATH_BYTES long. Not static, so that the verifier looks at it once. */
__attribute__((noinline)) u64 hash_asked(u32 length)
{
	u32 place = SCRATCH_OF_CALL, count = length / sizeof(u64);
	struct scratch *work = bpf_map_lookup_elem(&scratch, &place);
	u64 hash = length, *words;

	if (!work)
		return 0;
	words = (u64 *)work->record.text;
	for (u32 from = 0; from < PATH_BYTES / sizeof(u64); from += HASH_PIECE_WORDS) {
		if (from >= count)
			break;
		hash = hash_words(hash, from, count);
	}
	/* Of the last word what belongs to the text. */
	return mix(hash, words[count & (TEXT_MASK / sizeof(u64))] & ((1ULL << length % sizeof(u64) * 8) - 1));
}

/* The directory that a path of the call is relative to: nothing where the descriptor stands for none. */
static __always_inline void find_directory(struct pt_regs *regs, bool compat, const struct call *call,
					   struct task_struct *task, struct used_file *used)
{
	struct fs_struct *fs = BPF_CORE_READ((struct task_struct___files *)task, fs);
	s32 descriptor = call->file == ARGUMENT_NONE ? AT_FDCWD : call_argument(regs, compat, call->file);
	struct file *file;

	if (descriptor == AT_FDCWD) {
		used->dentry = BPF_CORE_READ(fs, pwd.dentry);
		used->mount = BPF_CORE_READ(fs, pwd.mnt);
		return;
	}
	file = file_of_descriptor(task, descriptor);
	if (!file)
		return;
	used->dentry = BPF_CORE_READ(file, f_path.dentry);
	used->mount = BPF_CORE_READ(file, f_path.mnt);
}

/*
 * The file that a call has opened or, where it hasn't, the path that it asked for: that goes to scratch, and the
 * answer is its length. The user's memory was read by the call just now, so it is there.
 */
static __always_inline u32 identify_opened(struct pt_regs *regs, bool compat, const struct call *call, long result,
					   struct task_struct *task, struct used_file *used)
{
	u32 place = SCRATCH_OF_CALL;
	struct scratch *work = bpf_map_lookup_elem(&scratch, &place);
	struct file *file = result < 0 ? NULL : file_of_descriptor(task, result);
	long length;

	if (file || filter_file_systems) {
		identify_file(file, used);
		return 0;
	}
	/* Not opened; or opened, and closed again by another thread. */
	forget_file(used, FILE_NAMED);
	if (!work || call->other == ARGUMENT_NONE)
		return 0;
	length = bpf_probe_read_user_str(work->record.text, PATH_BYTES, (void *)call_argument(regs, compat, call->other));
	if (length <= 0)
		return 0;
	if (work->record.text[0] != '/')
		find_directory(regs, compat, call, task, used);
	used->key.name = mix(mix(hash_asked(length), (u64)used->dentry), (u64)used->mount);
	return length;
}

/* A thread that isn't known left a call. */
static __always_inline void count_unmeasured(struct task_struct *task, u32 pid, u32 tid)
{
	if (!target_is_wanted(task, pid))
		return;
	/* Either it found no room when it came in, or it came in before on_enter was there. */
	if (find_or_create_thread(task, pid, tid))
		COUNT(started_before);
	else
		COUNT(threads_full);
}

static __always_inline void count_unseen(struct task_struct *task, u32 pid, u32 kind, long submitted)
{
	if (submitted <= 0 || !target_is_wanted(task, pid))
		return;
	if (kind == CALL_IO_URING)
		COUNT_MANY(io_uring_not_seen, submitted);
	else
		COUNT_MANY(async_not_seen, submitted);
}

SYSCALL_END_PROGRAM(on_exit, struct pt_regs *regs, long result)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	long number = syscall_number(regs);
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u32 pid = pid_tgid >> 32, tid = pid_tgid;
	u32 kind, asked_bytes = 0;
	u64 now, duration_ns;
	struct thread *thread;
	struct used_file *slow;
	struct call call;
	bool compat;

	kind = find_call(number, &call, &compat);
	if (!kind)
		return 0;
	if (kind >= CALL_IO_URING) {
		count_unseen(task, pid, kind, result);
		return 0;
	}
	thread = bpf_map_lookup_elem(&threads, &tid);
	if (!thread) {
		count_unmeasured(task, pid, tid);
		return 0;
	}
	if (!thread->busy)
		return 0;
	thread->busy = false;
	now = bpf_ktime_get_ns();
	duration_ns = now - thread->start_ns;
	if (kind == OPERATION_OPEN)
		asked_bytes = identify_opened(regs, compat, &call, result, task, &thread->files[0]);
	account(&thread->files[0], task, kind == OPERATION_TRANSFER ? OPERATION_READ : kind, result, duration_ns,
		SCRATCH_OF_CALL, asked_bytes, &thread->told);
	if (kind == OPERATION_TRANSFER)
		account(&thread->files[1], task, OPERATION_WRITE, result, duration_ns, SCRATCH_OF_CALL, 0,
			&thread->told);
	if (slow_ns && duration_ns >= slow_ns) {
		slow = &thread->files[0];
		if (slow->key.kind == FILE_IGNORED)
			slow = &thread->files[1];
		if (slow->key.kind != FILE_IGNORED)
			send_slow(slow, kind, syscall_id(number, compat), result, thread->offset, now, duration_ns);
	}
	return 0;
}

/* Only one of these two is in a kernel: the second name is that of 6.3 and before. */
SEC("?tp_btf/io_uring_submit_req")
int BPF_PROG(on_request, struct io_kiocb *request)
{
	request_submitted(request);
	return 0;
}

SEC("?tp_btf/io_uring_submit_sqe")
int BPF_PROG(on_request_before_6_4, struct io_kiocb *request)
{
	request_submitted(request);
	return 0;
}

/* Which of these two a kernel has is told by its BTF; before 5.19 the request itself is not among the arguments. */
SEC("?tp_btf/io_uring_complete")
int BPF_PROG(on_completion, void *ring, struct io_kiocb *request, struct io_uring_cqe *completion)
{
	if (request)
		request_completed(request, completion->res);
	return 0;
}

SEC("?tp_btf/io_uring_complete")
int BPF_PROG(on_completion_with_result, void *ring, struct io_kiocb *request, u64 user_data, int result)
{
	if (request)
		request_completed(request, result);
	return 0;
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (!target_forked(parent, child))
		COUNT(targets_full);
	return 0;
}

/* A thread that isn't the first takes on the first one's number when it executes a program. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_tid)
{
	u32 tid = old_tid;

	bpf_map_delete_elem(&threads, &tid);
	tid = task->pid;
	bpf_map_delete_elem(&threads, &tid);
	target_executed(task->tgid);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_thread_exit, struct task_struct *task)
{
	struct short_event *event;
	u32 tid = task->pid, pid = task->tgid;

	bpf_map_delete_elem(&threads, &tid);
	if (!task_is_last_thread(task) || !target_exited(pid))
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return 0; /* user space looks now and then, too */
	event->event = EVENT_TARGET_EXITED;
	event->pid = pid;
	bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
	return 0;
}
